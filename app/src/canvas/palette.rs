use modelspec_core::spec::Kind;
use wasm_bindgen::JsCast as _;

use crate::platform;

/// The colours of the 2D canvas, read from the style sheet.
#[derive(Default)]
pub(super) struct Palette {
    /// In the order of [`Kind::ALL`].
    kinds: Vec<String>,
    pub(super) surface: String,
    pub(super) line: String,
    pub(super) text: String,
    pub(super) accent: String,
    pub(super) error: String,
    pub(super) warning: String,
    pub(super) faint: String,
}

impl Palette {
    /// Reads them as they are now, through an element of the page.
    pub(super) fn read(within: &web_sys::Element) -> Self {
        let probe = platform::document()
            .create_element("i")
            .ok()
            .and_then(|probe| probe.dyn_into::<web_sys::HtmlElement>().ok());
        let Some(probe) = probe else {
            return Self::default();
        };
        if within.append_child(&probe).is_err() {
            return Self::default();
        }
        // A property's own value is as written; only a colour that uses it is worked out.
        let color = |name: &str| {
            let _ = probe
                .style()
                .set_property("color", &format!("var(--{name})"));
            let style = platform::window().get_computed_style(&probe).ok().flatten();
            style
                .and_then(|style| style.get_property_value("color").ok())
                .unwrap_or_default()
        };
        let palette = Self {
            kinds: Kind::ALL
                .iter()
                .map(|kind| color(&format!("kind-{}", kind.word())))
                .collect(),
            surface: color("raised"),
            line: color("line-strong"),
            text: color("text"),
            accent: color("accent"),
            error: color("error"),
            warning: color("warning"),
            faint: color("faint"),
        };
        probe.remove();
        palette
    }

    pub(super) fn kind(&self, kind: Kind) -> &str {
        self.kinds.get(kind as usize).map_or("gray", String::as_str)
    }
}

/// The outline of a port of a kind in a square of 12, so that colour is not the only sign.
pub(super) const fn shape(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "M10.2 6A4.2 4.2 0 1 1 1.8 6a4.2 4.2 0 0 1 8.4 0z",
        Kind::Tokens => "M10.2 6A4.2 4.2 0 1 1 1.8 6a4.2 4.2 0 0 1 8.4 0zM6 3.8v4.4",
        Kind::Vector => "M6 1l5 5-5 5-5-5z",
        Kind::Candidates => "M2 2h8v8H2z",
        Kind::Messages => "M1.6 2.4h8.8v6H6L3.4 10.6V8.4H1.6z",
        Kind::Label => "M2 6a4 4 0 0 1 4-4h4v4a4 4 0 0 1-8 0z",
        Kind::Tensor => "M6 1.2l4.2 2.4v4.8L6 10.8 1.8 8.4V3.6z",
        Kind::Image => "M6 1.6l5 8.6H1z",
        Kind::Audio => "M2 1.6h2.4A4.4 4.4 0 0 1 4.4 10.4H2z",
        Kind::Json => "M6 1.2l4.8 3.6-1.8 5.6H3L1.2 4.8z",
        Kind::Bytes => "M1 3.6h10v4.8H1z",
        Kind::List => "M3.6 1.6h6.8v6.8H3.6zM1.6 4v6.4H8",
        Kind::Stream => "M1.8 2h5l4 4-4 4h-5l3-4z",
        Kind::Any => "M9 6a3 3 0 1 1-6 0 3 3 0 0 1 6 0z",
    }
}
