//! A page for browsers on this computer, which shows itself anew when it has changed.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};

use tiny_http::{Header, Method, Request, Response, Server};

use crate::error::{Error, Result};

/// Asks once a second whether there is another page, and loads it. When nobody answers any more, the
/// page stays as it is.
const RELOAD: &str = include_str!("reload.js");

/// Serves one page to this computer, until it is dropped with the process.
#[derive(Debug)]
pub struct PageServer {
    address: SocketAddr,
    shown: Arc<RwLock<Shown>>,
}

/// The page that is shown.
#[derive(Clone, Debug, Default)]
struct Shown {
    html: Arc<str>,
    /// How many pages there were before.
    number: u64,
}

impl PageServer {
    /// Listens at a port of 127.0.0.1; port 0 stands for any that is free.
    ///
    /// # Errors
    /// [`Error::Port`] if the port cannot be had.
    pub fn start(port: u16) -> Result<Self> {
        let failed = |source| Error::Port { port, source };
        let server = Server::http((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
        let none = || failed("it has no address".into());
        let address = server.server_addr().to_ip().ok_or_else(none)?;
        let shown = Arc::new(RwLock::new(Shown::default()));
        let served = Arc::clone(&shown);
        let serve = move || {
            for request in server.incoming_requests() {
                let shown = served.read().unwrap_or_else(PoisonError::into_inner).clone();
                // Whoever reads slowly keeps nobody else waiting; who cannot be answered asks again.
                let answer = move || answer(request, &shown);
                let _ = std::thread::Builder::new().spawn(answer);
            }
        };
        let thread = std::thread::Builder::new().name("page".into()).spawn(serve);
        thread.map_err(|error| failed(error.into()))?;
        Ok(Self { address, shown })
    }

    /// Where browsers find the page.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Shows another page from now on.
    pub fn show(&self, html: &str) {
        let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
        let number = shown.number + 1;
        *shown = Shown { html: with_reload(html, &version(number)).into(), number };
    }
}

/// The page, which loads the next one as soon as there is one.
fn with_reload(html: &str, version: &str) -> String {
    let script = format!("<script>{}</script>", RELOAD.replace("VERSION", version));
    match html.rfind("</body>") {
        Some(end) => format!("{}{script}{}", &html[..end], &html[end..]),
        None => format!("{html}{script}"),
    }
}

/// What tells a page from others, of other processes too.
fn version(number: u64) -> String {
    format!("{}-{number}", std::process::id())
}

fn answer(request: Request, shown: &Shown) {
    let path = request.url().split('?').next().unwrap_or_default();
    let is_read = matches!(request.method(), Method::Get | Method::Head);
    let (code, kind, text) = match path {
        _ if !is_read => (405, "text/plain", "only GET and HEAD are answered\n".to_owned()),
        "/" | "/report.html" => (200, "text/html", shown.html.to_string()),
        "/version" => (200, "text/plain", version(shown.number)),
        // Browsers ask for it; the page has none.
        "/favicon.ico" => (204, "text/plain", String::new()),
        _ => (404, "text/plain", "there is nothing but the page /\n".to_owned()),
    };
    let headers =
        [("Content-Type", format!("{kind}; charset=utf-8")), ("Cache-Control", "no-store".into())];
    let mut response = Response::from_data(text.into_bytes()).with_status_code(code);
    for (name, value) in headers {
        if let Ok(header) = Header::from_bytes(name, value) {
            response.add_header(header);
        }
    }
    // Whether it is read is not our matter.
    let _ = request.respond(response);
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;

    fn ask(server: &PageServer, line: &str) -> String {
        let mut stream = TcpStream::connect(server.address).unwrap();
        write!(stream, "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn the_page_is_the_last_one_shown_and_knows_its_version() {
        let server = PageServer::start(0).unwrap();
        assert!(server.url().starts_with("http://127.0.0.1:"), "{}", server.url());
        for number in 1..=2 {
            server.show(&format!("<html><body>page {number}</body></html>"));
            let version = version(number);
            let page = ask(&server, "GET /");
            assert!(page.starts_with("HTTP/1.1 200") && page.contains("no-store"), "{page}");
            assert!(page.contains(&format!("page {number}")) && page.contains(&version), "{page}");
            assert!(page.ends_with("</script></body></html>"), "{page}");
            assert!(ask(&server, "GET /version").ends_with(&format!("\r\n\r\n{version}")));
        }
    }

    #[test]
    fn nothing_else_is_served() {
        let server = PageServer::start(0).unwrap();
        for (line, code) in [
            ("GET /../Cargo.toml", "404"),
            ("GET /report.html?x=1", "200"),
            ("HEAD /", "200"),
            ("POST /", "405"),
            ("GET /favicon.ico", "204"),
        ] {
            let text = ask(&server, line);
            assert!(text.starts_with(&format!("HTTP/1.1 {code}")), "{line}: {text}");
        }
    }

    #[test]
    fn a_port_that_is_taken_is_refused() {
        let server = PageServer::start(0).unwrap();
        let second = PageServer::start(server.address.port());
        assert!(matches!(second, Err(Error::Port { port, .. }) if port == server.address.port()));
    }
}
