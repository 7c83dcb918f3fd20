//! `snode report --watch`: a page that follows the runs.

#![cfg(unix)]

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::support::{Sandbox, experiment};

/// A report that is served.
struct Watched<'a> {
    sandbox: &'a Sandbox,
    child: Child,
    address: String,
}

impl<'a> Watched<'a> {
    fn start(sandbox: &'a Sandbox) -> Self {
        let mut command =
            sandbox.command(&["report", "results", "--watch", "--port", "0", "--json"]);
        command.stdout(File::create(sandbox.path("out")).unwrap());
        command.stderr(File::create(sandbox.path("err")).unwrap());
        let mut watched = Self { sandbox, child: command.spawn().unwrap(), address: String::new() };
        watched.address = until("the address", || {
            let said = watched.text("err");
            let address = said.split_once("http://")?.1.split_once("/ ")?.0;
            Some(address.to_owned())
        });
        watched
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.sandbox.path(name)).unwrap()
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let host = &self.address;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
        body.to_owned()
    }

    /// Waits for a page that is as it should be, and gives it back.
    fn page(&self, what: &str, is_it: impl Fn(&str) -> bool) -> String {
        until(what, || Some(self.get("/")).filter(|page| is_it(page)))
    }
}

/// Whatever a test does, nothing is left that runs.
impl Drop for Watched<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "{what} does not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_page_follows_a_grid_until_ctrl_c() {
    let sandbox = Sandbox::new();
    sandbox.write("g.toml", &(experiment(&[]) + "seeds = 2\n"));
    let mut watched = Watched::start(&sandbox);
    // There is nothing yet.
    watched.page("a page without runs", |page| page.contains("Waiting for runs"));
    let first = watched.get("/version");
    sandbox.succeeds(&["run", "g.toml", "--quiet", "--only", "seed=1"]);
    let page = watched.page("the first run", |page| page.contains("Missing runs"));
    // The browser is told that there is another page.
    let second = watched.get("/version");
    assert!(first != second && page.contains(&second), "{first} {second}");
    sandbox.succeeds(&["run", "g.toml", "--quiet"]);
    watched.page("the second run", |page| {
        page.contains("Cost and accuracy during training") && !page.contains("Missing runs")
    });
    // The files are those of a report.
    let file = std::fs::read_to_string(sandbox.path("results/report/report.html")).unwrap();
    assert!(file.contains("Cost and accuracy during training") && !file.contains("/version"));
    let lines: Vec<serde_json::Value> =
        watched.text("out").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let counts = |line: &serde_json::Value| (line["runs"].as_u64(), line["planned"].as_u64());
    assert_eq!(counts(lines.last().unwrap()), (Some(2), Some(2)));

    let id = watched.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert_eq!(watched.child.wait().unwrap().code(), Some(130));
    let said = watched.text("err");
    assert!(said.contains("interrupted; the report is results/report/report.html"), "{said}");
}

#[test]
fn a_port_that_cannot_be_had_is_refused() {
    let sandbox = Sandbox::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let watch = ["report", "results", "--watch", "--port", &port];
    sandbox.fails(&watch, 2, &["--port", &port, "0 for any that is free"]);
    sandbox.fails(&["report", "results", "--port", "0"], 2, &["--watch"]);
    sandbox.fails(&["report", "results", "--watch", "--port", "70000"], 2, &["--port"]);
}
