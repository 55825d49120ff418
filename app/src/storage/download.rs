use core::time::Duration;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

use crate::platform;
use crate::ui::App;
use crate::ui::prelude::*;
use crate::workspace::Notice;

/// Hands a file to the browser's downloads. A browser that refuses does so in its own words.
pub(crate) fn download(name: &str, media_type: &str, bytes: &[u8]) {
    let options = BlobPropertyBag::new();
    options.set_type(media_type);
    let parts = Array::of1(&Uint8Array::from(bytes));
    let Ok(blob) = Blob::new_with_u8_array_sequence_and_options(&parts, &options) else {
        return;
    };
    let Ok(address) = Url::create_object_url_with_blob(&blob) else {
        return;
    };
    if let Ok(link) = platform::document().create_element("a") {
        let link: HtmlAnchorElement = link.unchecked_into();
        link.set_href(&address);
        link.set_download(name);
        link.click();
    }
    // The download has its own hold on the bytes once it has begun.
    let revoke = move || {
        // An address that is gone already is as good.
        let _ = Url::revoke_object_url(&address);
    };
    set_timeout(revoke, Duration::from_mins(1));
}

/// Copies a text to the system's clipboard, and says so in the words given.
pub(crate) fn copy(app: App, text: &str, done: &str) {
    let clipboard = platform::window().navigator().clipboard();
    let (writing, done) = (clipboard.write_text(text), done.to_owned());
    spawn_local(async move {
        app.workspace.say(match JsFuture::from(writing).await {
            Ok(_) => Notice::plain(done),
            Err(_) => {
                Notice::error("The browser refuses the clipboard here; download the file instead.")
            }
        });
    });
}
