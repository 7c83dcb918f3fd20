//! The seal in the first 512 bytes of a run file: its length and a checksum of its contents.
//!
//! The HDF5 library is not made for damaged files: of 1500 with one to eight altered bytes, version
//! 1.10.8 crashed on 11, and the process with it, and took gigabytes and did not return on 3. So a
//! file is given to it only once its bytes are known to be those that were written. That protects
//! from damage, not from forgery: whoever makes a file on purpose can seal it.
//!
//! HDF5 leaves the first bytes of a file, its user block, to applications; they hold a text such as
//!
//! ```text
//! snode run
//! layout 1
//! length 47123456
//! crc32 89abcdef
//! ```
//!
//! filled up with spaces and ended by a newline. Length is that of the whole file in bytes, the
//! CRC-32 (that of zlib and PNG) of everything behind the user block.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use snode_files::{Existing, Lock, Replacement, folder_of, remove_unfinished, resolve_links};

use crate::{LAYOUT_VERSION, StoreError};

/// The length of the user block.
pub(crate) const LEN: usize = 512;
const FIRST_LINE: &[u8] = b"snode run\n";
const HDF5_SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";
const NOTE: &str = "This is an HDF5 file; its HDF5 contents begin at byte 512.\n";

/// Seals a run file again that another program has changed, so that it can be read.
///
/// Any program may add to a run file, for example h5py. The checksum then no longer fits, and the
/// file is refused as [damaged](StoreError::Damaged) until it is sealed anew. That asserts that the
/// change was meant: nothing of the file is looked at, except that it is an HDF5 file with a user
/// block. Changes through [`update`](crate::update) are sealed already.
///
/// # Errors
/// If the file cannot be read or written, or has no HDF5 contents at byte 512.
pub fn seal(path: impl AsRef<Path>) -> Result<(), StoreError> {
    let path = path.as_ref();
    require_file(path)?;
    let _lock = lock(path)?;
    let mut options = File::options();
    let mut file = options.read(true).write(true).open(path).map_err(|e| io_error(path, e))?;
    let head = read_head(&mut file).map_err(|e| io_error(path, e))?;
    let signature = read_head(&mut file).map_err(|e| io_error(path, e))?;
    if head.len() < LEN || !signature.starts_with(HDF5_SIGNATURE) {
        return Err(strange(path, &head, &mut file));
    }
    apply(&mut file).and_then(|()| file.sync_all()).map_err(|source| StoreError::Io {
        path: path.to_owned(),
        action: "sealing",
        source,
    })
}

/// A file that `fill` has written and that is sealed. It appears under `path` by
/// [`commit`](Replacement::commit).
pub(crate) fn sealed(
    path: &Path,
    existing: Existing,
    fill: impl FnOnce(&mut Replacement) -> Result<(), StoreError>,
) -> Result<Replacement, StoreError> {
    // The library follows links to the file's real name, and so wants one.
    let mut replacement = Replacement::begin_named(path, existing)?;
    fill(&mut replacement)?;
    apply(replacement.file()).map_err(|source| StoreError::Io {
        path: path.to_owned(),
        action: "sealing",
        source,
    })?;
    Ok(replacement)
}

/// The lock of a file that is about to change: what is read from it, changed and put in its place
/// meets no other change on the way. It is held for that moment, not while anything is computed.
pub(crate) fn lock(path: &Path) -> Result<Lock, StoreError> {
    /// Longer than any file takes to be written.
    const PATIENCE: Duration = Duration::from_secs(600);
    let target = resolve_links(path)?;
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".lock");
    let lock = Lock::acquire(&target.with_file_name(name), None, PATIENCE)?;
    // What processes have left in the folder that were killed while they wrote.
    remove_unfinished(&folder_of(&target));
    Ok(lock)
}

/// Writes the seal that fits the rest of the file.
pub(crate) fn apply(file: &mut File) -> io::Result<()> {
    file.seek(SeekFrom::Start(LEN as u64))?;
    let (length, crc) = checksum(file)?;
    file.rewind()?;
    file.write_all(&text(length + LEN as u64, crc))
}

/// Refuses everything but a complete, undamaged run file of a known layout.
pub(crate) fn check(path: &Path) -> Result<(), StoreError> {
    require_file(path)?;
    let failed = |source| io_error(path, source);
    let mut file = File::open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?.len();
    let head = read_head(&mut file).map_err(failed)?;
    if !head.starts_with(FIRST_LINE) {
        return Err(strange(path, &head, &mut file));
    }
    let fields = parse(&head);
    if let Some(layout) = fields.layout
        && layout > LAYOUT_VERSION
    {
        return Err(StoreError::FutureLayout {
            path: path.to_owned(),
            found: layout,
            newest: LAYOUT_VERSION,
        });
    }
    let truncated = |expected| StoreError::Truncated { path: path.to_owned(), found, expected };
    if head.len() < LEN {
        return Err(truncated(fields.length));
    }
    let damaged = |found, expected| StoreError::Damaged { path: path.to_owned(), found, expected };
    let (Some(length), Some(crc)) = (fields.length, fields.crc) else {
        return Err(damaged("an unreadable seal".into(), "a length and a checksum".into()));
    };
    if head != text(length, crc) {
        return Err(damaged("an altered seal".into(), "another one".into()));
    }
    if found < length {
        return Err(truncated(Some(length)));
    }
    if found > length {
        return Err(damaged(format!("a length of {found} bytes"), format!("one of {length}")));
    }
    let (_, actual) = checksum(&mut file).map_err(failed)?;
    if actual != crc {
        return Err(damaged(format!("checksum {actual:08x}"), format!("{crc:08x}")));
    }
    Ok(())
}

/// The user block of a file of `length` bytes.
fn text(length: u64, crc: u32) -> Vec<u8> {
    let mut block = FIRST_LINE.to_vec();
    let lines = format!("layout {LAYOUT_VERSION}\nlength {length}\ncrc32 {crc:08x}\n{NOTE}");
    block.extend_from_slice(lines.as_bytes());
    block.resize(LEN - 1, b' ');
    block.push(b'\n');
    block
}

/// What the lines of a user block say.
#[derive(Default)]
struct Fields {
    layout: Option<u64>,
    length: Option<u64>,
    crc: Option<u32>,
}

fn parse(head: &[u8]) -> Fields {
    let mut fields = Fields::default();
    for line in head.split(|&byte| byte == b'\n') {
        let Ok(line) = str::from_utf8(line) else { continue };
        match line.split_once(' ') {
            Some(("layout", value)) => fields.layout = value.parse().ok(),
            Some(("length", value)) => fields.length = value.parse().ok(),
            Some(("crc32", value)) => fields.crc = u32::from_str_radix(value, 16).ok(),
            _ => {}
        }
    }
    fields
}

/// The number of bytes from the present position to the end, and their CRC-32.
fn checksum(file: &mut File) -> io::Result<(u64, u32)> {
    let mut hasher = crc32fast::Hasher::new();
    let mut buffer = vec![0; 1 << 18];
    let mut length = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((length, hasher.finalize())),
            Ok(count) => {
                hasher.update(&buffer[..count]);
                length += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The next 512 bytes, or fewer at the end of the file.
fn read_head(file: &mut File) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(LEN);
    file.take(LEN as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Nothing but regular files is opened: opening a pipe would wait for its writer.
fn require_file(path: &Path) -> Result<(), StoreError> {
    let metadata = std::fs::metadata(path).map_err(|source| io_error(path, source))?;
    if metadata.is_file() { Ok(()) } else { Err(StoreError::NotAFile { path: path.to_owned() }) }
}

fn io_error(path: &Path, source: io::Error) -> StoreError {
    let path = path.to_owned();
    if source.kind() == io::ErrorKind::NotFound {
        StoreError::NotFound { path }
    } else {
        StoreError::Io { path, action: "reading", source }
    }
}

/// What a file is that does not begin as a run file does.
fn strange(path: &Path, head: &[u8], file: &mut File) -> StoreError {
    let path = path.to_owned();
    if head.is_empty() {
        return StoreError::NotHdf5 { path, found: "it is empty".into() };
    }
    if FIRST_LINE.starts_with(head) {
        return StoreError::Truncated { path, found: head.len() as u64, expected: None };
    }
    let mut signature_at = |offset| {
        let mut bytes = [0; HDF5_SIGNATURE.len()];
        let read = file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(&mut bytes));
        read.is_ok() && bytes == *HDF5_SIGNATURE
    };
    if [0, 512, 1024, 2048].into_iter().any(&mut signature_at) {
        let found = "it does not begin with the lines that seal a run".into();
        return StoreError::NotSnode { path, found };
    }
    let start = String::from_utf8_lossy(&head[..head.len().min(16)]);
    StoreError::NotHdf5 { path, found: format!("it begins with {start:?}") }
}
