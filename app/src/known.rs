//! What is known of models, GPUs and serving programs: the built-in catalogue, and the user's own,
//! which the browser keeps.

use std::cell::RefCell;
use std::rc::Rc;

use modelspec_core::catalogue::{self, Catalogue};
use modelspec_core::edit::{self, Command, Item, Knowledge};
use modelspec_core::hardware;
use modelspec_core::text::LineIndex;

use crate::platform;
use crate::ui::App;
use crate::ui::prelude::*;
use crate::workspace::{Action, Notice};

/// Under which name the browser keeps the user's own.
const KEY: &str = "catalogue";

thread_local! {
    /// The GPUs with the user's own, which every check of a document asks for.
    static GPUS: RefCell<Option<Rc<hardware::Catalogue>>> = const { RefCell::new(None) };
}

/// The GPUs with the user's own; `None` where only those that are built in are known.
pub(crate) fn own_gpus() -> Option<Rc<hardware::Catalogue>> {
    GPUS.with(|gpus| gpus.borrow().clone())
}

/// The catalogue. Copies are handles to the same.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    catalogue: RwSignal<Option<Rc<Catalogue>>, LocalStorage>,
}

// What is not to be inlined has a line in `app/parts.toml`: it comes after the first picture.
impl Known {
    /// Nothing is read yet.
    pub(crate) fn new() -> Self {
        Self {
            catalogue: RwSignal::new_local(None),
        }
    }

    /// All that is known, watched. It is read when it is first asked for.
    pub(crate) fn catalogue(self) -> Rc<Catalogue> {
        if let Some(catalogue) = self.catalogue.get() {
            return catalogue;
        }
        Rc::new(Catalogue::builtin())
    }

    /// Reads what is known, once the rest of the program is there.
    pub(crate) fn start(self, app: App) {
        Effect::new(move |_| {
            if crate::rest::is_here() {
                self.learn(app);
            }
        });
    }

    #[inline(never)]
    fn learn(self, app: App) {
        let mut catalogue = Catalogue::builtin();
        // One that can no longer be read says so when it is given again.
        let own = platform::remembered(KEY).and_then(|text| catalogue::read(&text).ok());
        if let Some(own) = &own {
            catalogue.add(own);
            self.know(app, catalogue, true);
        } else {
            self.catalogue.set(Some(Rc::new(catalogue)));
        }
    }

    fn know(self, app: App, catalogue: Catalogue, is_own: bool) {
        let gpus = is_own.then(|| Rc::new(catalogue.gpus().clone()));
        GPUS.with(|known| *known.borrow_mut() = gpus);
        self.catalogue.set(Some(Rc::new(catalogue)));
        untrack(|| app.workspace.check_again());
    }

    /// Takes a document of `kind: Catalogue` as the user's own, in place of an earlier one.
    #[inline(never)]
    pub(crate) fn keep(self, app: App, name: &str, text: &str) {
        match catalogue::read(text) {
            Ok(file) => {
                let mut catalogue = Catalogue::builtin();
                catalogue.add(&file);
                self.know(app, catalogue, true);
                platform::remember(KEY, text);
                let kept = platform::remembered(KEY).as_deref() == Some(text);
                let how_long = if kept {
                    ""
                } else {
                    ", until this page is closed"
                };
                app.workspace.say(Notice::plain(format!(
                    "{name} is your catalogue now{how_long}: forms, completion and checks know what it says."
                )));
            }
            Err(found) => {
                let first = found.first();
                let why = first.map_or_else(String::new, |found| {
                    let line = LineIndex::new(text).position(text, found.span.start).line;
                    format!("line {line}: {}", found.message.replace('`', ""))
                });
                app.workspace.say(Notice::error(format!(
                    "{name} is no catalogue that can be read: {why}."
                )));
            }
        }
    }

    /// Forgets the user's own.
    #[inline(never)]
    pub(crate) fn forget(self, app: App) {
        platform::remember(KEY, "");
        self.know(app, Catalogue::builtin(), false);
        app.workspace.say(Notice::plain(
            "Your own catalogue is forgotten; the built-in one stays.",
        ));
    }

    /// Whether there is one of the user's own.
    pub(crate) fn has_own(self) -> bool {
        if !crate::rest::is_here() {
            return false;
        }
        self.catalogue.track();
        own_gpus().is_some()
    }

    /// What is known of the model of the node that is selected, watched.
    pub(crate) fn of_selection(self, app: App) -> Option<(String, Knowledge)> {
        match app.workspace.selection().primary() {
            Some(Item::Node(name)) => Some((name.clone(), self.of(app, name)?)),
            _ => None,
        }
    }

    /// What is known of a node's model, watched.
    pub(crate) fn of(self, app: App, node: &str) -> Option<Knowledge> {
        let document = app.workspace.document();
        if document.is_stale() {
            return None;
        }
        edit::knowledge(&document.analysis, node, &self.catalogue())
    }

    /// Fills in what the selected node does not say.
    pub(crate) fn fill(self, app: App) {
        if let Some((node, known)) = untrack(|| self.of_selection(app)) {
            let count = known.missing.len();
            let facts = known.missing;
            let done = app
                .workspace
                .dispatch(Action::edit(Command::Fill { node, facts }));
            if done {
                let plural = if count == 1 { "" } else { "s" };
                let words = format!("Filled in {count} fact{plural} of {}.", known.model);
                app.workspace.say(Notice::quiet(words));
            }
        }
    }
}
