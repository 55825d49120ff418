//! `IndexedDB`, awaited.
//!
//! A request is awaited within its transaction: what follows an `await` runs before the browser
//! ends the transaction, so reading and then writing is one step for all tabs.

use js_sys::{Array, Promise};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbObjectStore, IdbRequest, IdbTransaction, IdbTransactionMode};

use crate::js;
use crate::platform;

const NAME: &str = "modelspec-designer";
const VERSION: u32 = 1;

/// What each tab has open: `session`, `document`, `version`, `at`.
pub(super) const TABS: &str = "tabs";
/// What is told of a version without its text, by `key`.
pub(super) const VERSIONS: &str = "versions";
/// The versions' texts, under the same keys.
pub(super) const TEXTS: &str = "texts";

/// Opens the database, and makes it where there is none.
///
/// # Errors
/// What the browser says where it refuses.
pub(super) async fn open() -> Result<IdbDatabase, JsValue> {
    let factory = platform::window()
        .indexed_db()?
        .ok_or_else(|| JsValue::from(js_sys::Error::new("it has no IndexedDB")))?;
    let request = factory.open_with_u32(NAME, VERSION)?;
    let asked = request.clone();
    let upgrade = wasm_bindgen::closure::Closure::once_into_js(move || {
        let Ok(database) = asked.result().and_then(JsValue::dyn_into::<IdbDatabase>) else {
            return;
        };
        for (store, key) in [
            (TABS, Some("session")),
            (VERSIONS, Some("key")),
            (TEXTS, None),
        ] {
            let parameters = web_sys::IdbObjectStoreParameters::new();
            if let Some(key) = key {
                parameters.set_key_path(&key.into());
            }
            // A store that cannot be made fails the first transaction, which is told.
            let _ = database.create_object_store_with_optional_parameters(store, &parameters);
        }
    });
    request.set_onupgradeneeded(Some(upgrade.unchecked_ref()));
    let database: IdbDatabase = answer(&request).await?.dyn_into()?;
    let closing = database.clone();
    // Another tab with a later program needs the database for itself.
    let close = wasm_bindgen::closure::Closure::once_into_js(move || closing.close());
    database.set_onversionchange(Some(close.unchecked_ref()));
    Ok(database)
}

/// What a request yields.
///
/// # Errors
/// The request's error.
pub(super) async fn answer(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let done = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    match JsFuture::from(done).await {
        Ok(_) => request.result(),
        Err(_) => Err(request.error()?.map_or(JsValue::UNDEFINED, JsValue::from)),
    }
}

/// Begins a transaction over all stores.
///
/// # Errors
/// Where the database was closed.
pub(super) fn transaction(
    database: &IdbDatabase,
    mode: IdbTransactionMode,
) -> Result<IdbTransaction, JsValue> {
    let stores: Array = [TABS, VERSIONS, TEXTS]
        .map(JsValue::from)
        .into_iter()
        .collect();
    database.transaction_with_str_sequence_and_mode(&stores, mode)
}

/// Waits until a transaction is on the disk.
///
/// # Errors
/// Why it was taken back.
pub(super) async fn committed(transaction: &IdbTransaction) -> Result<(), JsValue> {
    let done = Promise::new(&mut |resolve, reject| {
        transaction.set_oncomplete(Some(&resolve));
        transaction.set_onabort(Some(&reject));
    });
    match JsFuture::from(done).await {
        Ok(_) => Ok(()),
        Err(_) => Err(transaction
            .error()
            .map_or(JsValue::UNDEFINED, JsValue::from)),
    }
}

/// All records of a store, in the order of their keys.
///
/// # Errors
/// What the browser says.
pub(super) async fn all(store: &IdbObjectStore) -> Result<Vec<JsValue>, JsValue> {
    let found = answer(&store.get_all()?).await?;
    Ok(Array::from(&found).to_vec())
}

/// Whether an error says that the database was closed.
pub(super) fn is_closed(error: &JsValue) -> bool {
    js::is_error(error, "InvalidStateError")
}

/// Whether an error says that the disk is full.
pub(super) fn is_full(error: &JsValue) -> bool {
    js::is_error(error, "QuotaExceededError")
}
