use std::borrow::Cow;

use leptos::prelude::{
    Get, GetUntracked, Memo, RenderEffect, RwSignal, Signal, Storage, StoredValue,
};
use wasm_bindgen::JsValue;

/// A text of the page.
pub(crate) type Words = Cow<'static, str>;

/// A value as it stands, or one that is followed.
pub(crate) enum Live<T> {
    Still(T),
    Moving(Box<dyn FnMut() -> T>),
}

impl<T: 'static> Live<T> {
    /// Gives the value to `take`, and each that follows it.
    pub(super) fn each(self, mut take: impl FnMut(T) + 'static) {
        match self {
            Self::Still(value) => take(value),
            Self::Moving(mut make) => follow(Box::new(move || take(make()))),
        }
    }
}

/// Runs now, and again whenever a signal changes that was read, until the owner is cleaned up.
pub(super) fn follow(mut run: Box<dyn FnMut()>) {
    let effect = RenderEffect::new(move |_: Option<()>| run());
    // The owner holds it.
    StoredValue::new_local(effect);
}

/// What can stand for a `T` in markup: `Option<Words>` for attributes and styles, `bool` for
/// classes, [`JsValue`] for properties.
pub(crate) trait IntoLive<T> {
    fn into_live(self) -> Live<T>;
}

/// A value that is a `T` as it stands.
pub(crate) trait Plain<T> {
    fn plain(self) -> T;
}

impl<T, P: Plain<T>, F: FnMut() -> P + 'static> IntoLive<T> for F {
    fn into_live(mut self) -> Live<T> {
        Live::Moving(Box::new(move || self().plain()))
    }
}

macro_rules! signals {
    ($($signal:ident),*) => { $(
        impl<T, P, S> IntoLive<T> for $signal<P, S>
        where
            P: Plain<T> + 'static,
            S: Storage<P> + 'static,
            Self: Get<Value = P> + GetUntracked<Value = P>,
        {
            fn into_live(self) -> Live<T> {
                Live::Moving(Box::new(move || self.get().plain()))
            }
        }
    )* };
}

signals!(Memo, RwSignal, Signal);

/// `type => how it is a T`.
macro_rules! plain {
    ($target:ty: $($source:ty => $how:expr),* $(,)?) => { $(
        impl Plain<$target> for $source {
            fn plain(self) -> $target {
                let how: fn(Self) -> $target = $how;
                how(self)
            }
        }

        impl IntoLive<$target> for $source {
            fn into_live(self) -> Live<$target> {
                Live::Still(self.plain())
            }
        }
    )* };
}

plain! { Option<Words>:
    &'static str => |words| Some(Cow::Borrowed(words)),
    String => |words| Some(Cow::Owned(words)),
    bool => |flag| flag.then_some(Cow::Borrowed("")),
    i32 => |number| Some(Cow::Owned(number.to_string())),
    u32 => |number| Some(Cow::Owned(number.to_string())),
    usize => |number| Some(Cow::Owned(number.to_string())),
    f64 => |number| Some(Cow::Owned(number.to_string())),
}

impl<P: Plain<Option<Words>>> Plain<Option<Words>> for Option<P> {
    fn plain(self) -> Option<Words> {
        self.and_then(Plain::plain)
    }
}

impl<P: Plain<Option<Words>>> IntoLive<Option<Words>> for Option<P> {
    fn into_live(self) -> Live<Option<Words>> {
        Live::Still(self.plain())
    }
}

plain! { bool: bool => |flag| flag }

plain! { JsValue:
    Option<&'static str> => |words| JsValue::from_str(words.unwrap_or_default()),
    &'static str => JsValue::from_str,
    String => |words| JsValue::from_str(&words),
    bool => JsValue::from_bool,
    f64 => JsValue::from_f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(value: impl IntoLive<Option<Words>>) -> Option<Words> {
        match value.into_live() {
            Live::Still(words) => words,
            Live::Moving(mut make) => make(),
        }
    }

    #[test]
    fn an_attribute_is_there_unless_it_is_none_or_false() {
        assert_eq!(words("a"), Some("a".into()));
        assert_eq!(words(true), Some("".into()));
        assert_eq!(words(false), None);
        assert_eq!(words(None::<String>), None);
        assert_eq!(words(Some(7_usize)), Some("7".into()));
        assert_eq!(words(|| (1 > 2).then_some("late")), None);
        assert_eq!(words(|| 0.5), Some("0.5".into()));
    }
}
