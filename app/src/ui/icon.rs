use modelspec_core::spec::Role;

use crate::ui::prelude::*;

/// A drawing of 16 by 16, in strokes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Glyph {
    Add,
    Adapter,
    Arrow,
    Cache,
    Check,
    Classifier,
    Close,
    Copy,
    Custom,
    Dots,
    Download,
    Edge,
    Embedder,
    Error,
    Fit,
    Generator,
    Guardrail,
    Info,
    Input,
    Join,
    Menu,
    Minus,
    Moon,
    Output,
    Play,
    Postprocessor,
    Redo,
    Reranker,
    Retriever,
    Router,
    Search,
    Splitter,
    Stop,
    Sun,
    Text,
    Tool,
    Transformer,
    Trash,
    Undo,
    Warning,
}

impl Glyph {
    /// The path's data.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Add => "M8 3v10M3 8h10",
            Self::Adapter => "M2 8h3M11 8h3M5 5h3v6H5zM11 5.5a2.5 2.5 0 0 0 0 5",
            Self::Arrow => "M3 8h10M9 4l4 4-4 4",
            Self::Cache => "M3 4.5h10v7H3zM6 4.5v7M8.5 8H11",
            Self::Check => "M3.5 8.5l3 3 6-7",
            Self::Classifier => "M2.5 8L8 2.5h5.5V8L8 13.5zM10.8 5.2h.01",
            Self::Close => "M4 4l8 8M12 4l-8 8",
            Self::Copy => "M5.5 5.5h7.5V13H5.5zM3 10.5V3h7.5",
            Self::Custom => "M8 2.2l5 2.9v5.8l-5 2.9-5-2.9V5.1z",
            Self::Dots => "M3.5 8h.01M8 8h.01M12.5 8h.01",
            Self::Download => "M8 2.5v7.5M4.8 7L8 10.2 11.2 7M3 13.3h10",
            Self::Edge => {
                "M4 8h8M4.2 8a1.6 1.6 0 1 1-3.2 0 1.6 1.6 0 0 1 3.2 0zM15 8a1.6 1.6 0 1 1-3.2 0A1.6 1.6 0 0 1 15 8z"
            }
            Self::Embedder => {
                "M2.5 4h3M2.5 8h3M2.5 12h3M9 2.5v11M12.5 2.5v11M9 2.5h-1M9 13.5H8M12.5 2.5h1M12.5 13.5h1"
            }
            Self::Error => "M8 1.8l6 6-6 6.4-6-6.4zM8 5v3.4M8 10.8h.01",
            Self::Fit => "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
            Self::Generator => {
                "M7 2.5l1.3 3.7L12 7.5 8.3 8.8 7 12.5 5.7 8.8 2 7.5l3.7-1.3zM12.5 10.5v3M11 12h3"
            }
            Self::Guardrail => {
                "M8 1.8l5 1.9v4c0 3-2 5.2-5 6.5-3-1.3-5-3.5-5-6.5v-4zM5.8 8l1.6 1.6 2.9-3"
            }
            Self::Info => "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM8 7.4v3.4M8 5.1h.01",
            Self::Input => "M6 3h6.5v10H6M2.5 8h6.5M6.5 5.5L9 8l-2.5 2.5",
            Self::Join => "M2.5 4H5c2.5 0 2.5 4 5 4h3.5M2.5 12H5c2.5 0 2.5-4 5-4",
            Self::Menu => "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
            Self::Minus => "M3 8h10",
            Self::Moon => "M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6z",
            Self::Output => "M9.5 3H3v10h6.5M7 8h6.5M11 5.5L13.5 8 11 10.5",
            Self::Play => "M5 3.2v9.6L12.8 8z",
            Self::Postprocessor => "M2.5 4h7M2.5 8h5M2.5 12h3M8.5 11.2l1.8 1.8 3.4-4",
            Self::Redo => "M13 6H6.2a3.4 3.4 0 0 0 0 6.8H9M13 6l-3-3M13 6l-3 3",
            Self::Reranker => {
                "M4 2.8v10.4M1.9 11L4 13.2 6.1 11M8.6 3.5h5.2M8.6 7.5h3.8M8.6 11.5h2.2"
            }
            Self::Retriever => {
                "M3 4c0-2.2 10-2.2 10 0v8c0 2.2-10 2.2-10 0zM3 4c0 2.2 10 2.2 10 0M3 8c0 2.2 10 2.2 10 0"
            }
            Self::Router => {
                "M2.5 8h4M6.5 8C9 8 8.5 4 11 4h2.5M6.5 8c2.5 0 2 4 4.5 4h2.5M11.7 2.2L13.5 4l-1.8 1.8"
            }
            Self::Search => "M11 6.8a4.2 4.2 0 1 1-8.4 0 4.2 4.2 0 0 1 8.4 0zM10 10l3.6 3.6",
            Self::Splitter => "M2.5 8h3.5M6 8l3-4.5h4.5M6 8h7.5M6 8l3 4.5h4.5",
            Self::Stop => "M4 4h8v8H4z",
            Self::Sun => {
                "M10.8 8a2.8 2.8 0 1 1-5.6 0 2.8 2.8 0 0 1 5.6 0zM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9"
            }
            Self::Text => "M3 3.5h10M8 3.5v9.5M6 13h4",
            Self::Tool => "M9.7 2.4a3.3 3.3 0 0 0 3.9 4.2L7.4 12.8a1.6 1.6 0 0 1-2.3-2.3l6.3-6.2z",
            Self::Transformer => "M2.5 5.5h9M9 3l2.5 2.5L9 8M13.5 10.5h-9M7 8l-2.5 2.5L7 13",
            Self::Trash => "M3 4.5h10M6 4.5V2.8h4v1.7M4.5 4.5l.6 8.7h5.8l.6-8.7",
            Self::Undo => "M3 6h6.8a3.4 3.4 0 0 1 0 6.8H7M3 6l3-3M3 6l3 3",
            Self::Warning => "M8 2.3l6.2 11.2H1.8zM8 6.5v3.2M8 11.7h.01",
        }
    }
}

/// What stands for a role.
pub(crate) const fn role_glyph(role: Option<Role>) -> Glyph {
    match role {
        Some(Role::Guardrail) => Glyph::Guardrail,
        Some(Role::Embedder) => Glyph::Embedder,
        Some(Role::Retriever) => Glyph::Retriever,
        Some(Role::Reranker) => Glyph::Reranker,
        Some(Role::Generator) => Glyph::Generator,
        Some(Role::Classifier) => Glyph::Classifier,
        Some(Role::Router) => Glyph::Router,
        Some(Role::Splitter) => Glyph::Splitter,
        Some(Role::Join) => Glyph::Join,
        Some(Role::Transformer) => Glyph::Transformer,
        Some(Role::Adapter) => Glyph::Adapter,
        Some(Role::Postprocessor) => Glyph::Postprocessor,
        Some(Role::Tool) => Glyph::Tool,
        Some(Role::Cache) => Glyph::Cache,
        Some(Role::Custom) | None => Glyph::Custom,
    }
}

/// A glyph; the words beside it or the button's label say what it means.
#[component]
pub(crate) fn Icon(glyph: Glyph) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
            <path d=glyph.path()></path>
        </svg>
    }
}
