//! Documents in addresses: `#v1:` and the text, deflated (RFC 1951), in Base64 for addresses.
//!
//! What stands behind `#` never leaves the browser, so a link shares a document without a server.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsValue;

use super::check::Checked;
use super::{base64, check};
use crate::js;
use crate::platform;

/// Before the document in an address.
pub(crate) const MARK: &str = "#v1:";

/// Addresses longer than this are cut by some mail and chat programs.
pub(crate) const LONG: usize = 8_000;
/// Addresses longer than this are refused by browsers.
pub(crate) const TOO_LONG: usize = 2_000_000;

/// The part of an address that holds a text: `#v1:…`.
///
/// # Errors
/// A sentence, where the browser cannot compress.
pub(crate) async fn fragment(text: &str) -> Result<String, String> {
    let deflated = stream("CompressionStream", text.as_bytes(), usize::MAX).await;
    let deflated = deflated.map_err(|error| error.sentence("write"))?;
    Ok(format!("{MARK}{}", base64::encode(&deflated)))
}

/// The address of another page of this site, such as `embed.html`, with a fragment.
pub(crate) fn address(page: &str, fragment: &str) -> String {
    let base = platform::document().base_uri().ok().flatten();
    let base = base.unwrap_or_default();
    let base = base.split(['#', '?']).next().unwrap_or_default();
    let folder = base.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{page}{fragment}")
}

/// The document that the page's address holds; none where it holds none.
///
/// # Errors
/// A sentence that says why what it holds cannot be read.
pub(crate) async fn read_hash() -> Result<Option<Checked>, String> {
    let hash = platform::window().location().hash().unwrap_or_default();
    match payload(&hash)? {
        Some(payload) => decode(payload).await.map(Some),
        None => Ok(None),
    }
}

/// What stands behind the mark; none in an address that names a part of the page.
fn payload(hash: &str) -> Result<Option<&str>, String> {
    let Some(fragment) = hash.strip_prefix('#') else {
        return Ok(None);
    };
    // Some programs write the colon as `%3A` when they pass an address on.
    let marked = fragment.split_once(':');
    let marked = marked.or_else(|| fragment.split_once("%3A"));
    let marked = marked.or_else(|| fragment.split_once("%3a"));
    match marked {
        Some(("v1", payload)) => Ok(Some(payload)),
        Some((mark, _)) if is_version(mark) => Err(format!(
            "The link is of a newer kind, `#{mark}:`, which this designer does not read. Ask for a file instead."
        )),
        Some(_) => Err(
            "The link holds no document: one begins with `#v1:`. Copy the whole address again."
                .to_owned(),
        ),
        None if is_version(fragment) => {
            Err("The link ends before its document. Copy the whole address again.".to_owned())
        }
        None => Ok(None),
    }
}

fn is_version(mark: &str) -> bool {
    let number = mark.strip_prefix('v').unwrap_or_default();
    !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
}

/// The text of a link, what stands behind `#v1:`.
///
/// # Errors
/// A sentence that says why there is none.
async fn decode(payload: &str) -> Result<Checked, String> {
    let damaged = "The link is damaged, perhaps cut when it was passed on. Copy the whole address again, or ask for a file.";
    let payload = payload.trim_end_matches('=');
    let deflated = base64::decode(payload).ok_or(damaged)?;
    let bytes = match stream("DecompressionStream", &deflated, check::MAX_BYTES).await {
        Ok(bytes) => bytes,
        Err(StreamError::Data) => return Err(damaged.to_owned()),
        Err(error) => return Err(error.sentence("read")),
    };
    check::bytes(bytes).map_err(|refusal| format!("What the link holds {}.", refusal.why))
}

enum StreamError {
    /// The browser has no such stream.
    Missing,
    /// The bytes are not deflated.
    Data,
    /// More bytes come out than may.
    Large,
}

impl StreamError {
    fn sentence(&self, verb: &str) -> String {
        match self {
            Self::Missing => format!("This browser cannot {verb} links; update it, or use a file."),
            Self::Data => format!("The browser could not {verb} the link."),
            Self::Large => format!("What the link holds {}.", check::too_large()),
        }
    }
}

/// Sends bytes through a stream, and gives up as soon as more than `limit` come out.
async fn stream(class: &str, bytes: &[u8], limit: usize) -> Result<Vec<u8>, StreamError> {
    let transform =
        js::construct(class, &[&"deflate-raw".into()]).map_err(|_| StreamError::Missing)?;
    let reader = reader(bytes, &transform).map_err(|_| StreamError::Missing)?;
    let mut out = Vec::new();
    loop {
        let read = js::call(&reader, "read", &[]).map_err(|_| StreamError::Data)?;
        let part = js::wait(read).await.map_err(|_| StreamError::Data)?;
        if js::get(&part, "done").is_truthy() {
            return Ok(out);
        }
        let chunk = Uint8Array::new(&js::get(&part, "value"));
        if out.len().saturating_add(chunk.length() as usize) > limit {
            if let Ok(cancelled) = js::call(&reader, "cancel", &[]) {
                // The rest is not wanted, whatever becomes of it.
                let _ = js::wait(cancelled).await;
            }
            return Err(StreamError::Large);
        }
        out.extend_from_slice(&chunk.to_vec());
    }
}

fn reader(bytes: &[u8], transform: &JsValue) -> Result<JsValue, JsValue> {
    let parts = Array::of1(&Uint8Array::from(bytes));
    let blob = js::construct("Blob", &[&parts])?;
    let source = js::call(&blob, "stream", &[])?;
    let piped = js::call(&source, "pipeThrough", &[transform])?;
    js::call(&piped, "getReader", &[])
}

#[cfg(test)]
mod tests {
    use super::payload;

    #[test]
    fn the_mark_is_found_however_it_was_passed_on() {
        assert_eq!(payload("#v1:abc"), Ok(Some("abc")));
        assert_eq!(payload("#v1%3Aabc"), Ok(Some("abc")));
        assert_eq!(payload("#v1:"), Ok(Some("")));
        assert_eq!(payload(""), Ok(None));
        assert_eq!(payload("#canvas"), Ok(None));
    }

    #[test]
    fn what_is_no_link_is_told_apart() {
        assert!(payload("#v2:abc").unwrap_err().contains("newer"));
        assert!(payload("#v1").unwrap_err().contains("ends before"));
        assert!(payload("#x:abc").unwrap_err().contains("#v1:"));
    }
}
