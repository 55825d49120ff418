use std::rc::Rc;

use modelspec_core::edit::{Item, Point2};
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlCanvasElement, HtmlElement};

use super::cards::Cards;
use super::frame::CARDS;
use super::geometry::Rect;
use super::gestures::{Gesture, Touches};
use super::minimap::Minimap;
use super::painter::Painter;
use super::palette::Palette;
use super::scene::{Hit, Scene};
use super::viewport::View;
use crate::platform;
use crate::simulation::Figures;
use crate::ui::prelude::*;
use crate::ui::{App, ViewRequest};
use crate::workspace::{Document, Origin};

/// The canvas and its state. Copies are handles to the same.
#[derive(Clone, Copy)]
pub(super) struct Board {
    app: StoredValue<App, LocalStorage>,
    /// Whether it can be changed, or only looked at.
    pub(super) editable: bool,
    /// What is said beside the pointer.
    pub(super) tip: RwSignal<Option<Tip>>,
    /// What is offered where a link was dropped that does not fit.
    pub(super) offer: RwSignal<Option<Offer>>,
    /// What there is to see.
    pub(super) content: RwSignal<Content>,
    state: StoredValue<State, LocalStorage>,
}

/// Words beside the pointer, in pixels of the board.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tip {
    pub(super) at: Point2,
    pub(super) text: String,
    /// `fits`, `refused`, `error`, `warning`, or nothing.
    pub(super) tone: &'static str,
}

/// An adapter for two ports that do not fit.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Offer {
    pub(super) at: Point2,
    pub(super) why: String,
    pub(super) from: String,
    pub(super) to: String,
}

/// What there is to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Nodes.
    Graph,
    /// A graph without nodes; whether it has inputs or outputs.
    NoNodes(bool),
    /// No text at all.
    NoText,
    /// A text that is no graph.
    NoGraph,
}

/// All that changes.
pub(super) struct State {
    pub(super) scene: Scene,
    pub(super) view: View,
    /// The board's size in pixels; nothing before it is laid out.
    pub(super) size: (f64, f64),
    /// Where the board stands in the window.
    pub(super) origin: Point2,
    pub(super) gesture: Gesture,
    pub(super) touches: Touches,
    /// What the pointer is over.
    pub(super) hovered: Option<Hit>,
    /// Where the pointer is, in pixels of the board.
    pub(super) pointer: Option<Point2>,
    /// Whether the space bar is held, so that a drag moves the view.
    pub(super) space: bool,
    /// Whether boxes are elements now.
    pub(super) near: bool,
    /// Whether the document is older than the text.
    pub(super) stale: bool,
    /// Numbers drags, so that each is one step of the history.
    pub(super) drags: u64,
    pub(super) painter: Painter,
    pub(super) cards: Cards,
    pub(super) minimap: Minimap,
    pub(super) elements: Option<Elements>,
    pub(super) figures: Option<Rc<Figures>>,
    generation: Option<u64>,
    /// What the view is remembered by.
    name: String,
    /// Whether everything is to be shown as soon as there is a size.
    fit: bool,
    /// Whether the user moved the view since the document was opened.
    moved: bool,
    scheduled: bool,
    /// What is visible, kept for its memory.
    pub(super) boxes: Vec<usize>,
    pub(super) links: Vec<usize>,
}

/// The parts of the page.
pub(super) struct Elements {
    pub(super) board: HtmlElement,
    pub(super) ink: HtmlCanvasElement,
    pub(super) dots: HtmlElement,
    pub(super) wire: Element,
    pub(super) area: HtmlElement,
    pub(super) reader: HtmlElement,
}

impl Board {
    pub(super) fn new(app: App, editable: bool) -> Self {
        Self {
            app: StoredValue::new_local(app),
            editable,
            tip: RwSignal::new(None),
            offer: RwSignal::new(None),
            content: RwSignal::new(Content::NoText),
            state: StoredValue::new_local(State::new()),
        }
    }

    /// The designer that this is part of.
    pub(super) fn app(self) -> App {
        self.app.get_value()
    }

    /// Reads; `None` once the canvas is gone.
    pub(super) fn read<T>(self, read: impl FnOnce(&State) -> T) -> Option<T> {
        self.state.try_with_value(read)
    }

    /// Changes, and draws at the next frame. Nothing within may touch the board again.
    pub(super) fn update<T>(self, change: impl FnOnce(&mut State) -> T) -> Option<T> {
        let mut schedule = false;
        let answer = self.state.try_update_value(|state| {
            let answer = change(state);
            schedule = !core::mem::replace(&mut state.scheduled, true);
            answer
        });
        if schedule {
            request_animation_frame(move || self.draw());
        }
        answer
    }

    /// Changes, and draws only where the change asks for it.
    pub(super) fn consider(self, change: impl FnOnce(&mut State) -> bool) {
        if self.state.try_update_value(change) == Some(true) {
            self.update(|_| ());
        }
    }

    fn draw(self) {
        let zoom = self.state.try_update_value(|state| {
            state.scheduled = false;
            state.draw();
            state.view.zoom
        });
        if let Some(zoom) = zoom
            && (self.app().ui.zoom.get_untracked() - zoom).abs() > f64::EPSILON
        {
            self.app().ui.zoom.set(zoom);
        }
    }

    /// Takes the parts of the page.
    pub(super) fn attach(self, elements: Elements, layer: HtmlElement, minimap: Minimap) {
        self.update(|state| {
            state.painter.attach(&elements.ink);
            state.cards.attach(layer);
            state.minimap = minimap;
            state.elements = Some(elements);
        });
        self.measure();
    }

    /// Takes the board's size and place.
    pub(super) fn measure(self) {
        let Some(rect) = self
            .read(|state| {
                state
                    .elements
                    .as_ref()
                    .map(|elements| elements.board.get_bounding_client_rect())
            })
            .flatten()
        else {
            return;
        };
        self.update(|state| state.measure(&rect));
    }

    /// Takes another document.
    pub(super) fn show(self, document: &Document) {
        let selection = self.app().workspace.selection_now();
        let content = match &document.drawn.graph {
            _ if document.is_empty() && document.drawn.graph.is_none() => Content::NoText,
            None => Content::NoGraph,
            Some(graph) if graph.nodes.len() > 2 => Content::Graph,
            Some(graph) => Content::NoNodes(!graph.ports.is_empty()),
        };
        if self.content.get_untracked() != content {
            self.content.set(content);
        }
        self.update(|state| {
            state.show(document, selection.items());
            super::reader::list(state, selection.primary());
        });
    }

    /// Takes another selection.
    pub(super) fn select(self, items: &[Item]) {
        self.update(|state| {
            state.scene.select(items);
            state.painter.forget();
            state.minimap.renew();
            super::reader::point(state, items.last());
        });
    }

    /// Takes the figures of a simulation.
    pub(super) fn take_figures(self, figures: Option<Rc<Figures>>) {
        self.update(|state| {
            state.figures = figures;
            state.cards.renew();
        });
    }

    /// Takes the colours of another theme.
    pub(super) fn recolor(self) {
        self.update(|state| {
            if let Some(elements) = &state.elements {
                state.painter.palette = Palette::read(&elements.board);
                state.minimap.renew();
            }
        });
    }

    /// Shows what is asked for.
    pub(super) fn look(self, request: &ViewRequest) {
        let selection = self.app().workspace.selection_now();
        // What was dispatched a moment ago is to be seen too.
        self.show(&self.app().workspace.document_now());
        if *request == ViewRequest::Focus {
            self.focus();
            return;
        }
        self.update(|state| {
            let middle = Point2::new(state.size.0 / 2.0, state.size.1 / 2.0);
            state.moved = true;
            match request {
                ViewRequest::Fit => {
                    state.fit_all();
                    state.moved = false;
                }
                ViewRequest::FitSelection => {
                    let parts = selection
                        .items()
                        .iter()
                        .filter_map(|item| state.scene.part(item));
                    if let Some(part) = parts.reduce(Rect::union) {
                        state.view = View::fitting(part, state.size);
                    }
                }
                ViewRequest::Actual => state.view = state.view.zoomed_to(1.0, middle),
                ViewRequest::ZoomIn => state.view = state.view.zoomed(1.25, middle),
                ViewRequest::ZoomOut => state.view = state.view.zoomed(0.8, middle),
                ViewRequest::Reveal(item) => state.reveal(item),
                ViewRequest::Focus => {}
            }
        });
        self.remember();
    }

    /// Gives the board the keyboard.
    pub(super) fn focus(self) {
        let board = self.read(|state| {
            state
                .elements
                .as_ref()
                .map(|elements| elements.board.clone())
        });
        if let Some(board) = board.flatten() {
            // An element that cannot take the focus leaves it where it is.
            let _ = board.focus();
        }
    }

    /// Remembers the view, once it rests.
    pub(super) fn remember(self) {
        let seen = self.read(|state| state.view);
        set_timeout(
            move || {
                self.read(|state| {
                    if Some(state.view) == seen && state.moved && !state.name.is_empty() {
                        state.view.remember(&state.name);
                    }
                });
            },
            core::time::Duration::from_millis(400),
        );
    }
}

impl State {
    fn new() -> Self {
        Self {
            scene: Scene::default(),
            view: View::START,
            size: (0.0, 0.0),
            origin: Point2::default(),
            gesture: Gesture::None,
            touches: Touches::default(),
            hovered: None,
            pointer: None,
            space: false,
            near: true,
            stale: false,
            drags: 0,
            painter: Painter::default(),
            cards: Cards::default(),
            minimap: Minimap::default(),
            elements: None,
            figures: None,
            generation: None,
            name: String::new(),
            fit: true,
            moved: false,
            scheduled: false,
            boxes: Vec::new(),
            links: Vec::new(),
        }
    }

    fn measure(&mut self, rect: &web_sys::DomRect) {
        self.origin = Point2::new(rect.left(), rect.top());
        let size = (rect.width(), rect.height());
        let ratio = platform::window().device_pixel_ratio();
        if let Some(elements) = &self.elements {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates.
            let pixels = |side: f64| (side * ratio).round() as u32;
            let (width, height) = (pixels(size.0), pixels(size.1));
            // Setting a size clears the canvas, even the same size.
            if (elements.ink.width(), elements.ink.height()) != (width, height) {
                elements.ink.set_width(width);
                elements.ink.set_height(height);
            }
        }
        let before = core::mem::replace(&mut self.size, size);
        let is_seen = size.0 > 0.0 && size.1 > 0.0;
        if is_seen && (self.fit || (before.0 > 0.0 && before != size && !self.moved)) {
            self.open_view();
        }
    }

    fn show(&mut self, document: &Document, selected: &[Item]) {
        let analysis = &document.drawn;
        let is_same = self
            .scene
            .analysis
            .as_ref()
            .is_some_and(|shown| Rc::ptr_eq(shown, analysis));
        self.stale = document.is_stale();
        let opened = self.generation != Some(document.generation);
        self.generation = Some(document.generation);
        if is_same && !opened {
            return;
        }
        let mut scene = Scene::new(analysis);
        scene.select(selected);
        let old = core::mem::replace(&mut self.scene, scene);
        self.hovered = None;
        self.gesture = Gesture::None;
        self.painter.forget();
        self.cards.renew();
        self.minimap.renew();
        if opened {
            self.name = document.title();
            self.moved = false;
        }
        if opened || old.boxes.is_empty() {
            self.fit = true;
            if self.size.0 > 0.0 {
                self.open_view();
            }
        } else if document.step.origin != Origin::Text {
            let new = selected
                .last()
                .filter(|item| old.slot(item).is_none() && self.scene.slot(item).is_some());
            if let Some(item) = new {
                self.reveal(item);
            }
        }
    }

    /// The view as it was left, else everything.
    fn open_view(&mut self) {
        let remembered = self.fit.then(|| View::remembered(&self.name)).flatten();
        self.fit = self.scene.boxes.is_empty();
        if let Some(view) = remembered {
            let mut found = Vec::new();
            self.scene
                .boxes_in(view.shown(self.size).grown(-40.0), &mut found);
            if !found.is_empty() {
                self.view = view;
                self.moved = true;
                return;
            }
        }
        self.fit_all();
    }

    fn fit_all(&mut self) {
        self.view = if self.scene.boxes.is_empty() {
            View::START
        } else {
            View::fitting(self.scene.bounds, self.size)
        };
    }

    pub(super) fn reveal(&mut self, item: &Item) {
        if let Some(part) = self.scene.part(item) {
            if self.view.zoom < CARDS {
                let middle = Point2::new(self.size.0 / 2.0, self.size.1 / 2.0);
                self.view = self.view.zoomed_to(0.8, middle);
            }
            self.view = self.view.showing(part, self.size);
        }
    }

    /// Moves the view, by the user's hand.
    pub(super) fn turn(&mut self, view: View) {
        self.view = view;
        self.moved = true;
    }

    /// A place of the window as one of the board, in pixels.
    pub(super) fn on_board(&self, event: &web_sys::MouseEvent) -> Point2 {
        Point2::new(
            f64::from(event.client_x()) - self.origin.x,
            f64::from(event.client_y()) - self.origin.y,
        )
    }
}

/// An element of a reference, as the type that is asked for.
pub(super) fn cast<T: wasm_bindgen::JsCast>(
    element: impl AsRef<wasm_bindgen::JsValue>,
) -> Option<T> {
    element.as_ref().clone().dyn_into().ok()
}
