use std::rc::Rc;

use modelspec_core::edit::Item;
use modelspec_core::text::Span;

use crate::dialogs::Picker;
use crate::imports::Imports;
use crate::known::Known;
use crate::platform;
use crate::simulation::Simulation;
use crate::storage::Storage;
use crate::ui::prelude::*;
use crate::workspace::Workspace;

/// All that a room of the designer may ask for. Copies are handles to the same.
#[derive(Clone, Copy)]
pub(crate) struct App {
    /// The open document.
    pub(crate) workspace: Workspace,
    /// The window around it.
    pub(crate) ui: Ui,
    /// The last simulation.
    pub(crate) simulation: Simulation,
    /// Where the document comes from and goes to.
    pub(crate) storage: Storage,
    /// The last import.
    pub(crate) imports: Imports,
    /// What is known of models, GPUs and serving programs.
    pub(crate) known: Known,
}

/// The designer that this component is part of.
#[allow(clippy::expect_used)]
pub(crate) fn use_app() -> App {
    use_context().expect("every component stands within the designer")
}

/// A tab of the dock below the canvas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    Problems,
    Text,
    Outline,
    Simulate,
    Import,
    Export,
}

impl Tab {
    /// In their order.
    pub(crate) const ALL: [Self; 6] = [
        Self::Problems,
        Self::Text,
        Self::Outline,
        Self::Simulate,
        Self::Import,
        Self::Export,
    ];

    /// The name on the tab.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Problems => "Problems",
            Self::Text => "Text",
            Self::Outline => "Outline",
            Self::Simulate => "Simulate",
            Self::Import => "Import",
            Self::Export => "Export",
        }
    }

    /// The name in addresses of elements.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Problems => "problems",
            Self::Text => "text",
            Self::Outline => "outline",
            Self::Simulate => "simulate",
            Self::Import => "import",
            Self::Export => "export",
        }
    }
}

/// The colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system has it.
    System,
    Light,
    Dark,
}

impl Theme {
    const fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// What stands before everything else.
#[derive(Clone)]
pub(crate) enum Dialog {
    /// A list to choose from by typing: commands, roles, ports.
    Pick(Rc<Picker>),
    /// The template gallery.
    Gallery,
    /// The list of keys.
    Shortcuts,
    /// The address that holds the document.
    Share,
    /// The page of a rule, by its code.
    Rule(&'static str),
}

/// What the canvas is asked to show.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ViewRequest {
    /// Everything.
    Fit,
    /// What is selected.
    FitSelection,
    /// At full size.
    Actual,
    /// Nearer.
    ZoomIn,
    /// Farther.
    ZoomOut,
    /// This, moved into view where it is not.
    Reveal(Item),
    /// The keyboard's focus.
    Focus,
}

/// The state of the window. Copies are handles to the same.
#[derive(Clone, Copy)]
pub(crate) struct Ui {
    /// The dock's tab.
    pub(crate) tab: RwSignal<Tab>,
    /// Whether the dock is open.
    pub(crate) dock: RwSignal<bool>,
    /// Whether the list of roles is open.
    pub(crate) roles: RwSignal<bool>,
    /// Whether the inspector is open.
    pub(crate) inspector: RwSignal<bool>,
    /// The dialog that is open.
    pub(crate) dialog: RwSignal<Option<Dialog>, LocalStorage>,
    /// What the canvas is to show next; it takes the request away.
    pub(crate) view: RwSignal<Option<ViewRequest>>,
    /// What the text editor is to show next; it takes the request away.
    pub(crate) reveal: RwSignal<Option<Span>>,
    /// The zoom, 1 at full size; the canvas tells it.
    pub(crate) zoom: RwSignal<f64>,
    /// How the work is kept, in a few words: `saved on this device`.
    pub(crate) keeping: RwSignal<String>,
    theme: RwSignal<Theme>,
}

impl Ui {
    /// As it was left, in what a browser remembers.
    pub(crate) fn new() -> Self {
        let theme = match platform::remembered("theme").as_deref() {
            Some("light") => Theme::Light,
            Some("dark") => Theme::Dark,
            _ => Theme::System,
        };
        let narrow = is_narrow();
        let ui = Self {
            tab: RwSignal::new(Tab::Problems),
            dock: RwSignal::new(!narrow),
            roles: RwSignal::new(!narrow),
            inspector: RwSignal::new(!narrow),
            dialog: RwSignal::new_local(None),
            view: RwSignal::new(None),
            reveal: RwSignal::new(None),
            zoom: RwSignal::new(1.0),
            keeping: RwSignal::new(String::new()),
            theme: RwSignal::new(theme),
        };
        show(theme);
        ui
    }

    /// Whether the colours are dark now, by choice or by the system's.
    pub(crate) fn is_dark(self) -> bool {
        match self.theme.get() {
            Theme::Dark => true,
            Theme::Light => false,
            Theme::System => {
                let query = platform::window().match_media("(prefers-color-scheme: dark)");
                query.ok().flatten().is_some_and(|query| query.matches())
            }
        }
    }

    /// Takes other colours, and remembers them.
    pub(crate) fn set_theme(self, theme: Theme) {
        self.theme.set(theme);
        platform::remember("theme", theme.word());
        show(theme);
    }

    /// Opens the dock at a tab.
    pub(crate) fn open(self, tab: Tab) {
        self.tab.set(tab);
        self.dock.set(true);
        if is_narrow() {
            self.inspector.set(false);
            self.roles.set(false);
        }
    }

    /// Opens the inspector; on a phone it takes the place of what else is open.
    pub(crate) fn open_inspector(self) {
        if is_narrow() {
            self.dock.set(false);
            self.roles.set(false);
        }
        self.inspector.set(true);
    }

    /// Shows a place in the text.
    pub(crate) fn reveal_text(self, span: Span) {
        self.open(Tab::Text);
        self.reveal.set(Some(span));
    }
}

/// Whether panels cover the canvas, as on a phone.
pub(crate) fn is_narrow() -> bool {
    let query = platform::window().match_media("(max-width: 760px)");
    query.ok().flatten().is_some_and(|query| query.matches())
}

fn show(theme: Theme) {
    if let Some(root) = platform::root() {
        let _ = match theme {
            Theme::System => root.remove_attribute("data-theme"),
            theme => root.set_attribute("data-theme", theme.word()),
        };
    }
}
