use modelspec_core::edit::Command as Edit;

use super::Chord;
use crate::canvas;
use crate::dialogs;
use crate::storage;
use crate::ui::prelude::*;
use crate::ui::{App, Dialog, Glyph, Tab, Theme, ViewRequest};
use crate::workspace::Action;

/// Where the shortcut sheet lists a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Document,
    Edit,
    View,
    Panels,
}

impl Group {
    /// In their order.
    pub(crate) const ALL: [Self; 4] = [Self::Document, Self::Edit, Self::View, Self::Panels];

    /// Its heading.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Document => "Document",
            Self::Edit => "Edit",
            Self::View => "View",
            Self::Panels => "Panels",
        }
    }
}

/// An action of the designer.
pub(crate) struct Command {
    /// Its name in code.
    pub(crate) id: &'static str,
    /// Its name for people.
    pub(crate) title: &'static str,
    /// Its drawing.
    pub(crate) glyph: Glyph,
    /// Its place in lists.
    pub(crate) group: Group,
    /// Its keys; lists show the first.
    pub(crate) keys: &'static [Chord],
    /// Whether it can be done now, watched.
    pub(crate) enabled: fn(App) -> bool,
    /// Does it.
    pub(crate) run: fn(App),
}

/// The command of a name.
pub(crate) fn find(id: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.id == id)
}

const fn command(
    id: &'static str,
    title: &'static str,
    glyph: Glyph,
    group: Group,
    keys: &'static [Chord],
    enabled: fn(App) -> bool,
    run: fn(App),
) -> Command {
    Command {
        id,
        title,
        glyph,
        group,
        keys,
        enabled,
        run,
    }
}

const fn always(_: App) -> bool {
    true
}

fn has_graph(app: App) -> bool {
    app.workspace.document().drawn.graph.is_some()
}

fn has_text(app: App) -> bool {
    !app.workspace.document().is_empty()
}

fn has_selection(app: App) -> bool {
    !app.workspace.selection().is_empty()
}

/// All of them, in the order of menus.
pub(crate) static COMMANDS: &[Command] = &[
    command(
        "new",
        "New from a template…",
        Glyph::Add,
        Group::Document,
        &[],
        always,
        |app| {
            app.ui.dialog.set(Some(Dialog::Gallery));
        },
    ),
    command(
        "open",
        "Open a file…",
        Glyph::Input,
        Group::Document,
        &[Chord::ctrl("o")],
        always,
        storage::open_file,
    ),
    command(
        "import",
        "Import files…",
        Glyph::Input,
        Group::Document,
        &[Chord::ctrl_shift("o")],
        always,
        storage::import_files,
    ),
    command(
        "import-folder",
        "Import a folder…",
        Glyph::Input,
        Group::Document,
        &[],
        always,
        storage::import_folder,
    ),
    command(
        "save",
        "Save to a file",
        Glyph::Download,
        Group::Document,
        &[Chord::ctrl("s")],
        has_text,
        storage::save_file,
    ),
    command(
        "recover",
        "Recover an earlier document…",
        Glyph::Undo,
        Group::Document,
        &[],
        always,
        storage::recover_earlier,
    ),
    command(
        "share",
        "Share by link…",
        Glyph::Edge,
        Group::Document,
        &[],
        has_text,
        |app| {
            app.ui.dialog.set(Some(Dialog::Share));
        },
    ),
    command(
        "undo",
        "Undo",
        Glyph::Undo,
        Group::Edit,
        &[Chord::ctrl("z")],
        |app| app.workspace.document().undo.is_some(),
        |app| {
            app.workspace.dispatch(Action::Undo);
        },
    ),
    command(
        "redo",
        "Redo",
        Glyph::Redo,
        Group::Edit,
        &[Chord::ctrl_shift("z"), Chord::ctrl("y")],
        |app| app.workspace.document().redo.is_some(),
        |app| {
            app.workspace.dispatch(Action::Redo);
        },
    ),
    command(
        "add",
        "Add a node…",
        Glyph::Add,
        Group::Edit,
        &[Chord::key("a")],
        always,
        |app| dialogs::add_node(app, None),
    ),
    command(
        "remove",
        "Remove the selection",
        Glyph::Trash,
        Group::Edit,
        &[Chord::key("Delete"), Chord::key("Backspace")],
        has_selection,
        |app| {
            let items = app.workspace.selection_now().items().to_vec();
            app.workspace.dispatch(Action::edit(Edit::Remove {
                items,
                bridge: true,
            }));
        },
    ),
    command(
        "fill",
        "Fill in what is known about this model",
        Glyph::Info,
        Group::Edit,
        &[],
        |app| {
            // The menu asks before the rest of the program is there.
            let known = crate::rest::is_here().then(|| app.known.of_selection(app));
            let known = known.flatten();
            known.is_some_and(|(_, known)| !known.missing.is_empty())
        },
        |app| app.known.fill(app),
    ),
    command(
        "forget-catalogue",
        "Forget my own catalogue",
        Glyph::Trash,
        Group::Document,
        &[],
        |app| app.known.has_own(),
        |app| app.known.forget(app),
    ),
    command(
        "select-all",
        "Select everything",
        Glyph::Check,
        Group::Edit,
        &[Chord::ctrl("a")],
        has_graph,
        canvas::select_all,
    ),
    command(
        "fit",
        "Show everything",
        Glyph::Fit,
        Group::View,
        &[Chord::key("f")],
        has_graph,
        |app| app.ui.view.set(Some(ViewRequest::Fit)),
    ),
    command(
        "fit-selection",
        "Show the selection",
        Glyph::Fit,
        Group::View,
        &[Chord::key("s")],
        has_selection,
        |app| app.ui.view.set(Some(ViewRequest::FitSelection)),
    ),
    command(
        "zoom-in",
        "Zoom in",
        Glyph::Add,
        Group::View,
        &[Chord::key("+"), Chord::key("=")],
        has_graph,
        |app| app.ui.view.set(Some(ViewRequest::ZoomIn)),
    ),
    command(
        "zoom-out",
        "Zoom out",
        Glyph::Minus,
        Group::View,
        &[Chord::key("-")],
        has_graph,
        |app| app.ui.view.set(Some(ViewRequest::ZoomOut)),
    ),
    command(
        "zoom-actual",
        "Zoom to 100 %",
        Glyph::Search,
        Group::View,
        &[Chord::key("0")],
        has_graph,
        |app| app.ui.view.set(Some(ViewRequest::Actual)),
    ),
    command(
        "arrange",
        "Lay out automatically",
        Glyph::Splitter,
        Group::Edit,
        &[Chord::key("l")],
        has_graph,
        canvas::arrange,
    ),
    command(
        "theme",
        "Switch between light and dark",
        Glyph::Moon,
        Group::View,
        &[],
        always,
        |app| {
            let dark = app.ui.is_dark();
            app.ui
                .set_theme(if dark { Theme::Light } else { Theme::Dark });
        },
    ),
    command(
        "palette",
        "Search all commands…",
        Glyph::Search,
        Group::Panels,
        &[Chord::ctrl("k")],
        always,
        dialogs::command_palette,
    ),
    command(
        "canvas",
        "Go to the canvas",
        Glyph::Fit,
        Group::Panels,
        &[Chord::key("g")],
        has_graph,
        |app| app.ui.view.set(Some(ViewRequest::Focus)),
    ),
    command(
        "problems",
        "Show problems",
        Glyph::Warning,
        Group::Panels,
        &[Chord::key("1")],
        always,
        |app| app.ui.open(Tab::Problems),
    ),
    command(
        "text",
        "Edit the text",
        Glyph::Text,
        Group::Panels,
        &[Chord::key("2")],
        always,
        |app| app.ui.open(Tab::Text),
    ),
    command(
        "outline",
        "Show the outline",
        Glyph::Menu,
        Group::Panels,
        &[Chord::key("3")],
        always,
        |app| app.ui.open(Tab::Outline),
    ),
    command(
        "simulate",
        "Simulate",
        Glyph::Play,
        Group::Panels,
        &[Chord::key("4")],
        always,
        |app| app.ui.open(Tab::Simulate),
    ),
    command(
        "imported",
        "Show the import",
        Glyph::Info,
        Group::Panels,
        &[Chord::key("5")],
        always,
        |app| app.ui.open(Tab::Import),
    ),
    command(
        "export",
        "Export…",
        Glyph::Output,
        Group::Panels,
        &[Chord::key("6")],
        always,
        |app| app.ui.open(Tab::Export),
    ),
    command(
        "inspector",
        "Show or hide the inspector",
        Glyph::Info,
        Group::Panels,
        &[Chord::key("i")],
        always,
        |app| {
            if app.ui.inspector.get_untracked() {
                app.ui.inspector.set(false);
            } else {
                app.ui.open_inspector();
            }
        },
    ),
    command(
        "shortcuts",
        "Keyboard shortcuts",
        Glyph::Info,
        Group::Panels,
        &[Chord::key("?")],
        always,
        |app| app.ui.dialog.set(Some(Dialog::Shortcuts)),
    ),
];
