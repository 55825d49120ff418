//! Imports: files go to the engine, which reads them; the graph is opened, and what there is to
//! tell of it stays for the panel.

mod answer;

use std::rc::Rc;

use serde_json::json;
use wasm_bindgen_futures::spawn_local;

pub(crate) use answer::{Class, Format, Note, Report, Source, formats};

use crate::dialogs::{self, Choice, Picker};
use crate::engine::{self, Engine};
use crate::storage::beside::{self, Gathered};
use crate::storage::{self, Given};
use crate::ui::prelude::*;
use crate::ui::{App, Glyph, Tab, ViewRequest};
use crate::workspace::{Action, Notice};

/// Where the last import stands.
#[derive(Clone)]
pub(crate) enum State {
    /// Nothing was imported yet.
    Nothing,
    /// So many files are read.
    Reading(usize),
    /// A graph was opened.
    Done(Rc<Report>),
    /// There is none; the report tells why.
    Refused(Rc<Report>),
    /// The engine cannot run: a sentence.
    Failed(String),
}

/// The last import. Copies are handles to the same.
#[derive(Clone, Copy)]
pub(crate) struct Imports {
    state: RwSignal<State, LocalStorage>,
    engine: Engine,
}

impl Imports {
    /// Nothing was imported yet.
    pub(crate) fn new() -> Self {
        Self {
            state: RwSignal::new_local(State::Nothing),
            engine: Engine::new(),
        }
    }

    /// Where the last import stands, watched.
    pub(crate) fn state(self) -> State {
        self.state.get()
    }

    /// The engine that reads; it starts when it is first asked.
    pub(crate) fn engine(self) -> Engine {
        self.engine
    }

    /// Imports files as one graph, and opens it. Where graphs are among them, the user chooses.
    pub(crate) fn begin(self, app: App, given: Vec<Given>) {
        app.ui.dialog.set(None);
        app.ui.open(Tab::Import);
        self.state.set(State::Reading(given.len()));
        let paths: Vec<&str> = given.iter().map(|given| &*given.path).collect();
        let task = json!({ "do": "import", "paths": paths });
        let files: Vec<web_sys::File> = given.iter().map(|given| given.file.clone()).collect();
        self.engine
            .ask_about(task, &files, move |answer| self.heard(app, &given, answer));
    }

    /// Ends an import that is still read.
    pub(crate) fn cancel(self) {
        self.engine.end();
        self.state.set(State::Nothing);
    }

    fn heard(self, app: App, given: &[Given], answer: engine::Answer) {
        match answer {
            engine::Answer::Progress(_) => {}
            engine::Answer::Failed(sentence) => {
                app.workspace.say(Notice::error(sentence.clone()));
                self.state.set(State::Failed(sentence));
            }
            engine::Answer::Refused(value) => {
                let report = Report::read(&value);
                // The panel shows it; who listens hears it.
                app.workspace.say(Notice::quiet(report.refusal()));
                self.state.set(State::Refused(Rc::new(report)));
            }
            engine::Answer::Done(value) => match answer::graphs(&value) {
                Some(graphs) => {
                    self.state.set(State::Nothing);
                    let given = given.to_vec();
                    spawn_local(async move { sort_out(app, &given, &graphs).await });
                }
                None => self.open(app, Report::read(&value)),
            },
        }
    }

    fn open(self, app: App, mut report: Report) {
        let text = core::mem::take(&mut report.text);
        report.has_replaced = !app.workspace.document_now().is_empty();
        app.workspace.dispatch(Action::Open {
            name: storage::file_name(Some(&report.name)),
            text,
            beside: None,
        });
        app.workspace.say(Notice::quiet(report.summary()));
        app.ui.view.set(Some(ViewRequest::Fit));
        self.state.set(State::Done(Rc::new(report)));
    }
}

/// Opens the graph among several files that all others belong to; else lets the user choose.
async fn sort_out(app: App, given: &[Given], graphs: &[usize]) {
    let mut gathered = Vec::new();
    for &at in graphs {
        gathered.extend(beside::gather(given, at).await);
    }
    let whole = gathered
        .iter()
        .find(|graph| graph.used.len() + 1 == given.len());
    match whole.and_then(|graph| Some((given.get(graph.at)?, graph))) {
        Some((home, graph)) => {
            let count = graph.used.len();
            let plural = if count == 1 { "" } else { "s" };
            storage::open_given(app, home.clone(), graph.beside());
            app.workspace.say(Notice::plain(format!(
                "Opened {}, with {count} file{plural} beside it that it refers to.",
                home.path
            )));
        }
        None => choose(app, given, graphs, &gathered),
    }
}

/// Lets the user choose between the graphs among several files and an import of the others.
fn choose(app: App, given: &[Given], graphs: &[usize], gathered: &[Gathered]) {
    let one = |at: usize, place: usize, given: &Given| {
        let gathered = gathered.iter().find(|graph| graph.at == place);
        let beside = gathered.and_then(Gathered::beside);
        let count = gathered.map_or(0, |graph| graph.used.len());
        let with = match count {
            0 => String::new(),
            1 => ", with the file that it refers to".to_owned(),
            more => format!(", with the {more} files that it refers to"),
        };
        let path = given.path.clone();
        let given = given.clone();
        let others = if at == 0 {
            ""
        } else {
            ", in place of the others"
        };
        Choice {
            title: format!("Open {path}"),
            detail: format!("a graph; it is opened as it is{with}{others}"),
            glyph: Glyph::Input,
            keys: None,
            refused: None,
            run: Rc::new(move |app: App| storage::open_given(app, given.clone(), beside.clone())),
        }
    };
    let mut choices: Vec<Choice> = graphs
        .iter()
        .filter_map(|&place| Some((place, given.get(place)?)))
        .enumerate()
        .map(|(at, (place, given))| one(at, place, given))
        .collect();
    let others = given.iter().enumerate();
    let others: Vec<Given> = others
        .filter(|(at, _)| !graphs.contains(at))
        .map(|(_, given)| given.clone())
        .collect();
    if let Some(first) = others.first() {
        let title = match others.len() {
            1 => format!("Import {}", first.path),
            more => format!("Import the other {more} files"),
        };
        let names: Vec<&str> = others.iter().map(|given| &*given.path).take(6).collect();
        choices.push(Choice {
            title,
            detail: format!("as a new graph: {}", names.join(", ")),
            glyph: Glyph::Download,
            keys: None,
            refused: None,
            run: Rc::new(move |app: App| app.imports.begin(app, others.clone())),
        });
    }
    app.workspace.say(Notice::quiet(
        "Graphs and other files were given together: choose what is opened.",
    ));
    dialogs::open(
        app,
        Picker {
            label: "Graphs and other files were given together".to_owned(),
            placeholder: "One document is open at a time: which?".to_owned(),
            choices,
        },
    );
}
