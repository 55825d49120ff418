use core::marker::PhantomData;

use leptos::ev::EventDescriptor;
use leptos::html::ElementType;
use leptos::prelude::{
    Get as _, GetUntracked as _, IsDisposed as _, LocalStorage, Owner, RwSignal, Set as _,
    StoredValue, untrack,
};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{DocumentFragment, Event, HtmlElement, HtmlSelectElement};

use super::live::{IntoLive, Live, Words};
use super::view::{IntoView, View};
use crate::platform;

/// An element that is being made.
pub(crate) struct Element(web_sys::Element);

// The names of markup are those that the page knows, so none of these calls is refused.
impl Element {
    /// An element of HTML.
    #[allow(clippy::expect_used)]
    pub(crate) fn html(name: &str) -> Self {
        let element = platform::document().create_element(name);
        Self(element.expect("a name of markup is a name of an element"))
    }

    /// An element of SVG.
    #[allow(clippy::expect_used)]
    pub(crate) fn svg(name: &str) -> Self {
        let space = Some("http://www.w3.org/2000/svg");
        let element = platform::document().create_element_ns(space, name);
        Self(element.expect("a name of markup is a name of an element"))
    }

    /// An attribute that stays as it is.
    pub(crate) fn literal(self, name: &str, value: &str) -> Self {
        let _ = self.0.set_attribute(name, value);
        self
    }

    /// An attribute, there unless it is `None` or `false`.
    pub(crate) fn attr(self, name: &'static str, value: impl IntoLive<Option<Words>>) -> Self {
        self.set_attr(name, value.into_live())
    }

    fn set_attr(self, name: &'static str, value: Live<Option<Words>>) -> Self {
        let element = self.0.clone();
        let mut last = None;
        value.each(move |value| {
            if value == last {
                return;
            }
            let _ = match &value {
                Some(words) => element.set_attribute(name, words),
                None => element.remove_attribute(name),
            };
            last = value;
        });
        self
    }

    /// A class, there while the value holds.
    pub(crate) fn class(self, name: &'static str, value: impl IntoLive<bool>) -> Self {
        self.set_class(name, value.into_live())
    }

    fn set_class(self, name: &'static str, value: Live<bool>) -> Self {
        let classes = self.0.class_list();
        value.each(move |value| {
            let _ = classes.toggle_with_force(name, value);
        });
        self
    }

    /// A property of the style.
    pub(crate) fn style(self, name: &'static str, value: impl IntoLive<Option<Words>>) -> Self {
        self.set_style(name, value.into_live())
    }

    fn set_style(self, name: &'static str, value: Live<Option<Words>>) -> Self {
        // Elements of SVG have the same `style`.
        let style = self.0.unchecked_ref::<HtmlElement>().style();
        value.each(move |value| {
            let _ = match value {
                Some(words) => style.set_property(name, &words),
                None => style.remove_property(name).map(|_| ()),
            };
        });
        self
    }

    /// A property of the object.
    pub(crate) fn prop(self, name: &'static str, value: impl IntoLive<JsValue>) -> Self {
        self.set_prop(name, value.into_live())
    }

    fn set_prop(self, name: &'static str, value: Live<JsValue>) -> Self {
        let element = self.0.clone();
        // A list shows one of the options that it has, which may follow the same signals.
        let waits = name == "value" && element.is_instance_of::<HtmlSelectElement>();
        let name = JsValue::from_str(name);
        value.each(move |value| {
            if waits {
                let (element, name) = (element.clone(), name.clone());
                spawn_local(async move { set_property(&element, &name, &value) });
            } else {
                set_property(&element, &name, &value);
            }
        });
        self
    }

    /// Calls at an event, within the owner of the markup.
    // An event of markup is a word without content.
    #[allow(clippy::needless_pass_by_value)]
    pub(crate) fn on<E>(self, event: E, mut handler: impl FnMut(E::EventType) + 'static) -> Self
    where
        E: EventDescriptor,
        E::EventType: JsCast,
    {
        self.listen(
            &event.name(),
            Box::new(move |event| handler(event.unchecked_into())),
        )
    }

    fn listen(self, name: &str, mut handler: Box<dyn FnMut(Event)>) -> Self {
        let owner = Owner::current().unwrap_or_default();
        let alive = StoredValue::new(());
        let handler: Box<dyn FnMut(Event)> = Box::new(move |event| {
            // What is taken out of the page loses its focus, when its signals are gone already; and
            // that happens within an effect.
            if !alive.is_disposed() {
                untrack(|| owner.with(|| handler(event)));
            }
        });
        // The element holds it, and both go together.
        let handler = Closure::wrap(handler).into_js_value();
        let _ = self
            .0
            .add_event_listener_with_callback(name, handler.unchecked_ref());
        self
    }

    /// Keeps the element for code.
    pub(crate) fn node_ref<E>(self, reference: NodeRef<E>) -> Self {
        reference.element.set(Some(self.0.clone()));
        self
    }

    /// A child.
    pub(crate) fn child(self, child: impl IntoView) -> Self {
        child.into_view().append_to(&self.0);
        self
    }

    /// A child that is text.
    pub(crate) fn text(self, words: &'static str) -> Self {
        View::Text(words.into()).append_to(&self.0);
        self
    }

    /// It is done.
    pub(crate) fn into_view(self) -> View {
        View::Node(self.0.into())
    }
}

fn set_property(element: &web_sys::Element, name: &JsValue, value: &JsValue) {
    let _ = js_sys::Reflect::set(element, name, value);
}

/// Several nodes side by side that are being made.
pub(crate) struct Fragment(DocumentFragment);

impl Fragment {
    pub(crate) fn new() -> Self {
        Self(platform::document().create_document_fragment())
    }

    /// A node.
    pub(crate) fn child(self, child: impl IntoView) -> Self {
        child.into_view().append_to(&self.0);
        self
    }

    /// A text.
    pub(crate) fn text(self, words: &'static str) -> Self {
        View::Text(words.into()).append_to(&self.0);
        self
    }

    /// It is done.
    pub(crate) fn into_view(self) -> View {
        View::Node(self.0.into())
    }
}

/// An element of markup, once it is made. Copies are handles to the same.
pub(crate) struct NodeRef<E> {
    element: RwSignal<Option<web_sys::Element>, LocalStorage>,
    kind: PhantomData<fn() -> E>,
}

impl<E> NodeRef<E> {
    /// Of no element yet.
    pub(crate) fn new() -> Self {
        Self {
            element: RwSignal::new_local(None),
            kind: PhantomData,
        }
    }
}

impl<E: ElementType> NodeRef<E>
where
    E::Output: JsCast,
{
    /// The element, watched.
    pub(crate) fn get(self) -> Option<E::Output> {
        self.element.get().map(JsCast::unchecked_into)
    }

    /// The element.
    pub(crate) fn get_untracked(self) -> Option<E::Output> {
        self.element.get_untracked().map(JsCast::unchecked_into)
    }
}

impl<E> Clone for NodeRef<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for NodeRef<E> {}
