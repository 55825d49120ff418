//! What the browser keeps of the work: the open document of every tab, and earlier versions.
//!
//! Each tab writes records of its own, so tabs never overwrite one another. A tab that is loaded
//! again finds its own document; a new tab takes the latest one that no living tab has open.

mod database;
mod session;
mod version;

use core::time::Duration;
use std::collections::BTreeSet;
use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::{IdbDatabase, IdbTransactionMode};

pub(crate) use version::Version;

use super::beside::{self, Stored};
use crate::js;
use crate::ui::App;
use crate::ui::prelude::*;
use crate::workspace::{Action, Document, Notice};
use database::{TABS, TEXTS, VERSIONS};
use modelspec_core::order::Gather as _;

/// The pause after a change before it is written.
const PAUSE: Duration = Duration::from_millis(400);
/// For so long, in milliseconds, changes go into one version.
const VERSION_AGE: f64 = 60_000.0;

const SAVED: &str = "saved on this device";

/// Where the work goes.
#[derive(Clone)]
enum Place {
    /// It is not known yet.
    Unknown,
    /// Here.
    Open(IdbDatabase),
    /// Nowhere: why.
    Refused(String),
}

/// What is known of the keeping.
pub(super) struct Keeper {
    place: Place,
    session: String,
    /// The open document's name in the database.
    document: String,
    /// The next document's, where it is one that was kept.
    next: Option<String>,
    generation: Option<u64>,
    /// The version that is written: its key, and when it was begun.
    version: Option<(String, f64)>,
    pending: Option<Rc<Document>>,
    timer: Option<TimeoutHandle>,
}

impl Keeper {
    pub(super) fn new() -> Self {
        Self {
            place: Place::Unknown,
            session: String::new(),
            document: session::fresh_id(),
            next: None,
            generation: None,
            version: None,
            pending: None,
            timer: None,
        }
    }

    /// Whether changes reach the disk.
    pub(super) fn keeps(&self) -> bool {
        matches!(self.place, Place::Open(_))
    }
}

/// Writes every change from now on, as soon as it is known where.
pub(super) fn watch(app: App) {
    Effect::new(move |_| {
        let document = app.workspace.document();
        if document.revision > 0 {
            changed(app, document);
        }
    });
    session::before_leaving(move || flush(app));
}

fn changed(app: App, document: Rc<Document>) {
    let keeper = app.storage.keeper();
    let is_other = keeper.with_value(|keeper| keeper.generation != Some(document.generation));
    if is_other {
        flush(app);
    }
    let wait = set_timeout_with_handle(move || flush(app), PAUSE).ok();
    keeper.update_value(|keeper| {
        if is_other {
            keeper.generation = Some(document.generation);
            keeper.document = keeper.next.take().unwrap_or_else(session::fresh_id);
            keeper.version = None;
        }
        keeper.pending = Some(document);
        if let Some(timer) = core::mem::replace(&mut keeper.timer, wait) {
            timer.clear();
        }
    });
    say_keeping(app, "saving…");
}

fn say_keeping(app: App, words: &str) {
    let refused = app
        .storage
        .keeper()
        .with_value(|keeper| match &keeper.place {
            Place::Refused(why) => Some(format!("not saved: {why}")),
            _ => None,
        });
    let words = refused.unwrap_or_else(|| words.to_owned());
    if app.ui.keeping.with_untracked(|now| *now != words) {
        app.ui.keeping.set(words);
    }
}

/// Finds this tab's place in the database.
pub(super) async fn begin(app: App) {
    let session = session::begin().await;
    let place = match database::open().await {
        Ok(database) => Place::Open(database),
        Err(error) => Place::Refused(refusal(&error)),
    };
    app.storage.keeper().update_value(|keeper| {
        keeper.session = session;
        keeper.place = place;
    });
    let is_empty = app.workspace.document_now().revision == 0;
    say_keeping(app, if is_empty { "" } else { "saving…" });
}

fn refusal(error: &JsValue) -> String {
    if database::is_full(error) {
        "the disk is full; save to a file".to_owned()
    } else if js::is_error(error, "SecurityError") {
        "this page may keep nothing; save to a file".to_owned()
    } else {
        format!("{}; save to a file", js::message(error))
    }
}

/// Writes what is not yet written; the requests are made before this returns.
pub(super) fn flush(app: App) {
    let work = app.storage.keeper().try_update_value(|keeper| {
        let Place::Open(database) = keeper.place.clone() else {
            return None;
        };
        let document = keeper.pending.take()?;
        if let Some(timer) = keeper.timer.take() {
            timer.clear();
        }
        let now = js_sys::Date::now();
        let begun = keeper
            .version
            .as_ref()
            .filter(|(_, begun)| now - begun < VERSION_AGE);
        let key = begun.map_or_else(
            || format!("{}/{:014.0}", keeper.document, now),
            |(key, _)| key.clone(),
        );
        let is_new = begun.is_none();
        // What was opened stays a version of its own, beside what becomes of it.
        if document.undo.is_none() && document.redo.is_none() {
            keeper.version = None;
        } else if is_new {
            keeper.version = Some((key.clone(), now));
        }
        let version = Version::of(&document, &keeper.document, key, now);
        let session = keeper.session.clone();
        Some((database, document, version, session, is_new))
    });
    let Some(Some((database, document, version, session, is_new))) = work else {
        return;
    };
    let written = put(&database, &session, &version, &document);
    spawn_local(async move {
        let mut result = match written {
            Ok(transaction) => database::committed(&transaction).await,
            Err(error) => Err(error),
        };
        let mut database = database;
        if result.as_ref().is_err_and(database::is_closed) {
            // The browser closes a database when its data are cleared, or another tab asks for it.
            result = async {
                database = database::open().await?;
                let opened = Place::Open(database.clone());
                app.storage
                    .keeper()
                    .update_value(|keeper| keeper.place = opened);
                database::committed(&put(&database, &session, &version, &document)?).await
            }
            .await;
        }
        if result.as_ref().is_err_and(database::is_full) {
            // Half of what was kept makes room for what is open.
            result = async {
                trim(&database, 0.5).await?;
                database::committed(&put(&database, &session, &version, &document)?).await
            }
            .await;
        }
        match result {
            Ok(()) => {
                let waits = app
                    .storage
                    .keeper()
                    .with_value(|keeper| keeper.pending.is_some());
                if !waits {
                    say_keeping(app, SAVED);
                }
                if is_new {
                    // Too much that is kept does no harm until the next time.
                    let _ = trim(&database, 1.0).await;
                }
            }
            Err(error) => say_keeping(app, &format!("not saved: {}", refusal(&error))),
        }
    });
}

fn put(
    database: &IdbDatabase,
    session: &str,
    version: &Version,
    document: &Document,
) -> Result<web_sys::IdbTransaction, JsValue> {
    let transaction = database::transaction(database, IdbTransactionMode::Readwrite)?;
    let texts = transaction.object_store(TEXTS)?;
    let stored = beside::stored(&document.analysis);
    texts.put_with_key(&stored, &version.key.as_str().into())?;
    transaction.object_store(VERSIONS)?.put(&version.record())?;
    transaction
        .object_store(TABS)?
        .put(&tab(session, version))?;
    // Of a page that goes, only what is said to be complete is written; a browser that does not
    // know the word completes by itself.
    let _ = js::call(&transaction, "commit", &[]);
    Ok(transaction)
}

fn tab(session: &str, version: &Version) -> JsValue {
    js::object([
        ("session", session.into()),
        ("document", version.document.as_str().into()),
        ("version", version.key.as_str().into()),
        ("at", version.at.into()),
    ])
}

async fn trim(database: &IdbDatabase, share: f64) -> Result<(), JsValue> {
    let transaction = database::transaction(database, IdbTransactionMode::Readwrite)?;
    let tabs = database::all(&transaction.object_store(TABS)?).await?;
    let open: BTreeSet<String> = tabs.iter().map(|tab| js::text(tab, "version")).gather();
    let metas = transaction.object_store(VERSIONS)?;
    let texts = transaction.object_store(TEXTS)?;
    let versions = read_versions(&metas).await?;
    for key in version::superfluous(&versions, &open, share) {
        let key = JsValue::from(key);
        metas.delete(&key)?;
        texts.delete(&key)?;
    }
    database::committed(&transaction).await
}

async fn read_versions(store: &web_sys::IdbObjectStore) -> Result<Vec<Version>, JsValue> {
    let records = database::all(store).await?;
    Ok(records.iter().map(Version::from_record).collect())
}

/// Opens what this tab, or one that is gone, had open; `false` where there is nothing.
pub(super) async fn recover(app: App) -> bool {
    let (place, session) = app
        .storage
        .keeper()
        .with_value(|keeper| (keeper.place.clone(), keeper.session.clone()));
    let Place::Open(database) = place else {
        return false;
    };
    // What cannot be read cannot be recovered; the list of earlier documents tells more.
    let Ok(Some((version, text))) = claim(&database, &session).await else {
        return false;
    };
    if app.workspace.document_now().revision > 0 {
        return false;
    }
    open(app, version, text);
    app.workspace
        .say(Notice::plain("Recovered what you had open."));
    true
}

/// Takes over the document of this tab, or the latest of a tab that is gone, in one step.
async fn claim(
    database: &IdbDatabase,
    session: &str,
) -> Result<Option<(Version, Stored)>, JsValue> {
    let living = session::living().await;
    let transaction = database::transaction(database, IdbTransactionMode::Readwrite)?;
    let tabs = transaction.object_store(TABS)?;
    let records = database::all(&tabs).await?;
    let own = |tab: &&JsValue| js::text(tab, "session") == session;
    let free = |tab: &&JsValue| {
        let name = js::text(tab, "session");
        living.as_ref().is_none_or(|living| !living.contains(&name))
    };
    let latest = |a: &&JsValue, b: &&JsValue| js::number(a, "at").total_cmp(&js::number(b, "at"));
    let chosen = records.iter().find(own);
    let Some(chosen) = chosen.or_else(|| records.iter().filter(free).max_by(latest)) else {
        return Ok(None);
    };
    let key = JsValue::from(js::text(chosen, "version"));
    let meta = transaction.object_store(VERSIONS)?.get(&key)?;
    let version = Version::from_record(&database::answer(&meta).await?);
    let text = transaction.object_store(TEXTS)?.get(&key)?;
    let text = beside::read_stored(&database::answer(&text).await?);
    if !own(&chosen) && living.is_some() {
        tabs.delete(&js::get(chosen, "session"))?;
        tabs.put(&tab(session, &version))?;
    }
    Ok(text.map(|text| (version, text)))
}

fn open(app: App, version: Version, (text, beside): Stored) {
    flush(app);
    app.storage
        .keeper()
        .update_value(|keeper| keeper.next = Some(version.document));
    app.workspace.dispatch(Action::Open {
        name: version.name,
        text,
        beside,
    });
}

/// The versions that are kept, the latest first.
///
/// # Errors
/// A sentence, where the browser keeps nothing.
pub(super) async fn versions(app: App) -> Result<Vec<Version>, String> {
    let database = place(app)?;
    let read = async {
        let transaction = database::transaction(&database, IdbTransactionMode::Readonly)?;
        read_versions(&transaction.object_store(VERSIONS)?).await
    };
    let mut versions: Vec<Version> = read.await.map_err(|error| unreadable(&error))?;
    version::sort(&mut versions);
    let now = version::digest(&app.workspace.document_now().analysis.text);
    versions.retain(|version| version.digest != now);
    Ok(versions)
}

/// Opens a version that is kept.
///
/// # Errors
/// A sentence, where it is no longer there.
pub(super) async fn restore(app: App, version: Version) -> Result<(), String> {
    let database = place(app)?;
    let read = async {
        let transaction = database::transaction(&database, IdbTransactionMode::Readonly)?;
        let request = transaction
            .object_store(TEXTS)?
            .get(&version.key.as_str().into())?;
        database::answer(&request).await
    };
    let text = read.await.map_err(|error| unreadable(&error))?;
    let text = beside::read_stored(&text)
        .ok_or("This version is no longer kept: newer ones took its place.")?;
    open(app, version, text);
    Ok(())
}

fn place(app: App) -> Result<IdbDatabase, String> {
    app.storage
        .keeper()
        .with_value(|keeper| match &keeper.place {
            Place::Open(database) => Ok(database.clone()),
            Place::Unknown => Err("What is kept is still being read; try again.".to_owned()),
            Place::Refused(why) => Err(format!("The browser keeps nothing: {why}.")),
        })
}

fn unreadable(error: &JsValue) -> String {
    format!("What is kept cannot be read: {}.", js::message(error))
}
