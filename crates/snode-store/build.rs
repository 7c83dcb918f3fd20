//! Tells whether the HDF5 library has `H5Pset_file_locking`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(hdf5_locks_can_be_off)");
    let has = |version: &str| std::env::var_os(format!("DEP_HDF5_VERSION_{version}")).is_some();
    if (has("1_10_7") && !has("1_12_0")) || has("1_12_1") {
        println!("cargo::rustc-cfg=hdf5_locks_can_be_off");
    }
}
