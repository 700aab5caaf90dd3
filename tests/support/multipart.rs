//! Forms with files, as the fake platforms read them.

/// One part of a form.
pub struct Part {
    pub name: String,
    /// There is one when the part is a file.
    pub file_name: Option<String>,
    pub bytes: Vec<u8>,
}

impl Part {
    /// What it says, when it is a text.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }
}

/// The parts of a `multipart/form-data` body with this content type; `None` when it is no such body.
pub fn parts(content_type: &str, body: &[u8]) -> Option<Vec<Part>> {
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=")?;
    let mark = format!("--{boundary}");
    let mut places = positions(body, mark.as_bytes());
    let last = places.pop()?;
    assert!(body[last + mark.len()..].starts_with(b"--"), "the form ends");
    places.push(last);
    let inner = places.windows(2).map(|pair| &body[pair[0] + mark.len() + 2..pair[1] - 2]);
    Some(inner.map(part).collect())
}

fn part(bytes: &[u8]) -> Part {
    let end = positions(bytes, b"\r\n\r\n")[0];
    let head = std::str::from_utf8(&bytes[..end]).expect("headers are text");
    let of = |key: &str| {
        let (_, rest) = head.split_once(&format!("{key}=\""))?;
        Some(rest.split('"').next()?.to_owned())
    };
    Part { name: of("; name").expect("a name"), file_name: of("; filename"), bytes: bytes[end + 4..].to_vec() }
}

fn positions(bytes: &[u8], what: &[u8]) -> Vec<usize> {
    (0..bytes.len().saturating_sub(what.len() - 1)).filter(|&at| bytes[at..].starts_with(what)).collect()
}
