use std::collections::BTreeMap;
use std::fmt::Write as _;

use modelspec_core::check::Severity;
use modelspec_core::edit::Item;
use modelspec_core::graph::{Direction, NodeIx};
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement};

use super::facts::Facts;
use super::findings::Finding;
use super::palette::shape;
use super::scene::{Block, Link, Scene};
use super::viewport::View;
use crate::platform;
use crate::simulation::Figures;
use crate::ui::{Glyph, role_glyph};

/// The near boxes as elements, and the labels of links with findings, in one layer that is moved as
/// a whole. Elements are kept by the thing they show, and written only where that has changed.
#[derive(Default)]
pub(super) struct Cards {
    layer: Option<HtmlElement>,
    shown: BTreeMap<Item, Shown>,
    /// Counts scenes and figures: what was written in an earlier one is compared anew.
    edition: u64,
    /// Counts frames: what a frame did not touch is taken away.
    frame: u64,
    transform: String,
}

struct Shown {
    element: HtmlElement,
    html: String,
    class: String,
    place: (f64, f64),
    edition: u64,
    frame: u64,
}

/// What cards tell beside the scene.
pub(super) struct Context<'a> {
    pub(super) scene: &'a Scene,
    pub(super) figures: Option<&'a Figures>,
    /// The ports that cannot take what is being drawn, by box and row.
    pub(super) refused: Option<&'a dyn Fn(usize, usize) -> bool>,
    pub(super) hovered: Option<usize>,
}

impl Cards {
    pub(super) fn attach(&mut self, layer: HtmlElement) {
        self.layer = Some(layer);
    }

    /// Compares everything with the scene at the next frame.
    pub(super) fn renew(&mut self) {
        self.edition += 1;
    }

    pub(super) fn show(
        &mut self,
        context: &Context<'_>,
        view: View,
        boxes: &[usize],
        links: &[usize],
    ) {
        let Some(layer) = self.layer.clone() else {
            return;
        };
        self.frame += 1;
        let transform = format!("translate({}px,{}px) scale({})", view.x, view.y, view.zoom);
        if transform != self.transform {
            set(&layer, "transform", &transform);
            self.transform = transform;
        }
        for &slot in boxes {
            if let Some(block) = context.scene.boxes.get(slot) {
                self.show_box(&layer, context, slot, block);
            }
        }
        for &slot in links {
            let link = context.scene.links.get(slot);
            if let Some((link, finding)) =
                link.and_then(|link| Some((link, link.finding.as_ref()?)))
            {
                self.show_label(&layer, link, finding);
            }
        }
        let frame = self.frame;
        self.shown.retain(|_, shown| {
            if shown.frame != frame {
                shown.element.remove();
            }
            shown.frame == frame
        });
    }

    fn show_box(&mut self, layer: &HtmlElement, context: &Context<'_>, slot: usize, block: &Block) {
        let (edition, frame) = (self.edition, self.frame);
        let Some(shown) = entry(&mut self.shown, layer, &block.item) else {
            return;
        };
        shown.frame = frame;
        if shown.edition != edition {
            shown.edition = edition;
            let html = html(context, block);
            if html != shown.html {
                shown.element.set_inner_html(&html);
                show_usage(&shown.element);
                shown.html = html;
            }
            set(&shown.element, "width", &format!("{}px", block.rect.width));
            set(
                &shown.element,
                "height",
                &format!("{}px", block.rect.height),
            );
        }
        shown.move_to(block.rect.left, block.rect.top);
        let mut class = String::from("card");
        if !block.node.is_model() {
            class.push_str(" end");
        }
        if block.selected {
            class.push_str(" selected");
        }
        if context.hovered == Some(slot) {
            class.push_str(" hovered");
        }
        if let Some(refused) = context.refused {
            class.push_str(" asked");
            for row in (0..block.ports.len()).filter(|&row| refused(slot, row)) {
                // Each row has a word of its own, so that one comparison tells of all.
                let _ = write!(class, " refused-{row}");
            }
        }
        shown.set_class(class);
    }

    fn show_label(&mut self, layer: &HtmlElement, link: &Link, finding: &Finding) {
        let (edition, frame) = (self.edition, self.frame);
        let item = Item::Edge(link.id.clone());
        let Some(shown) = entry(&mut self.shown, layer, &item) else {
            return;
        };
        shown.frame = frame;
        if shown.edition != edition {
            shown.edition = edition;
            if shown.html != finding.label {
                shown.element.set_text_content(Some(&finding.label));
                shown.html.clone_from(&finding.label);
            }
            let _ = shown.element.set_attribute("title", &finding.message);
        }
        let middle = link.route.middle();
        shown.move_to(middle.x, middle.y);
        let class = match finding.severity {
            Severity::Error => "edge-label error",
            _ => "edge-label warning",
        };
        shown.set_class(class.to_owned());
    }
}

impl Shown {
    fn move_to(&mut self, x: f64, y: f64) {
        if self.place != (x, y) {
            self.place = (x, y);
            set(&self.element, "translate", &format!("{x}px {y}px"));
        }
    }

    fn set_class(&mut self, class: String) {
        if class == self.class {
            return;
        }
        self.element.set_class_name(&class);
        if class.contains("refused-") || self.class.contains("refused-") {
            mark(&self.element, &class);
        }
        self.class = class;
    }
}

/// Dims the rows that a card's class names.
fn mark(card: &Element, class: &str) {
    let rows = card.get_elements_by_class_name("port");
    for at in 0..rows.length() {
        if let Some(row) = rows.item(at) {
            let refused = class.split(' ').any(|word| {
                word.strip_prefix("refused-")
                    .is_some_and(|row| row == at.to_string())
            });
            let _ = row.class_list().toggle_with_force("refused", refused);
        }
    }
}

fn entry<'a>(
    shown: &'a mut BTreeMap<Item, Shown>,
    layer: &HtmlElement,
    item: &Item,
) -> Option<&'a mut Shown> {
    if !shown.contains_key(item) {
        let element = platform::document().create_element("div").ok()?;
        let _ = element.set_attribute("data-item", &hook(item));
        layer.append_child(&element).ok()?;
        let new = Shown {
            element: element.dyn_into().ok()?,
            html: String::new(),
            class: String::new(),
            place: (f64::NAN, f64::NAN),
            edition: u64::MAX,
            frame: 0,
        };
        shown.insert(item.clone(), new);
    }
    shown.get_mut(item)
}

/// How elements name what they show: `node:embedder`.
pub(super) fn hook(item: &Item) -> String {
    let what = match item {
        Item::Input(_) => "input",
        Item::Node(_) => "node",
        Item::Output(_) => "output",
        Item::Edge(_) => "edge",
    };
    format!("{what}:{}", item.name())
}

fn set(element: &HtmlElement, property: &str, value: &str) {
    // A value that a browser does not know leaves what was there.
    let _ = element.style().set_property(property, value);
}

/// Gives the bar of a card its length, which markup alone may not say.
fn show_usage(card: &HtmlElement) {
    let bars = card.get_elements_by_class_name("usage");
    let Some(bar) = bars
        .item(0)
        .and_then(|bar| bar.dyn_into::<HtmlElement>().ok())
    else {
        return;
    };
    if let Some(share) = bar.get_attribute("data-share") {
        set(&bar, "--share", &share);
    }
}

fn html(context: &Context<'_>, block: &Block) -> String {
    let mut html = String::with_capacity(1200);
    let graph = context
        .scene
        .analysis
        .as_ref()
        .and_then(|analysis| analysis.graph.as_ref());
    let role = graph
        .and_then(|graph| graph.node(block.node))
        .and_then(|node| node.role);
    let glyph = match block.node {
        NodeIx::INPUTS => Glyph::Input,
        NodeIx::OUTPUTS => Glyph::Output,
        _ => role_glyph(role),
    };
    html.push_str("<div class=\"card-head\">");
    icon(&mut html, glyph);
    html.push_str("<b>");
    escape(&mut html, block.item.name());
    html.push_str("</b>");
    if let Some(finding) = &block.finding {
        badge(&mut html, finding);
    }
    html.push_str("</div>");
    let mut facts = None;
    if let Some(graph) = graph.filter(|_| block.node.is_model()) {
        let name = block.item.name();
        let figures = context.figures.and_then(|figures| figures.nodes.get(name));
        let found = Facts::new(graph, block.node, figures);
        html.push_str("<div class=\"card-model\"");
        title(&mut html, &found.full);
        html.push('>');
        escape(&mut html, &found.subtitle);
        if found.optional {
            html.push_str("<span class=\"card-optional\" title=\"The graph runs without it.\">optional</span>");
        }
        html.push_str("</div>");
        facts = Some(found);
    }
    ports(&mut html, context, block);
    if let Some(facts) = facts {
        foot(&mut html, &facts);
    }
    html
}

fn ports(html: &mut String, context: &Context<'_>, block: &Block) {
    let Some(analysis) = &context.scene.analysis else {
        return;
    };
    let Some(graph) = &analysis.graph else { return };
    html.push_str("<div class=\"card-ports\">");
    for dot in &block.ports {
        let Some(port) = graph.port(dot.port) else {
            continue;
        };
        let side = match dot.direction {
            Direction::Input => "takes",
            Direction::Output => "gives",
        };
        let required = if port.required { "" } else { " open" };
        let kind = dot.kind.word();
        let ty = analysis.typing.of(dot.port);
        let _ = write!(html, "<div class=\"port {side}{required}\"");
        title(html, &ty.map(ToString::to_string).unwrap_or_default());
        let _ = write!(
            html,
            "><svg class=\"dot kind-{kind}\" viewBox=\"0 0 12 12\" data-port=\""
        );
        escape(html, &graph.port_path(dot.port));
        let _ = write!(html, "\"><path d=\"{}\"/></svg><span>", shape(dot.kind));
        if block.node.is_model() {
            escape(html, &port.name);
        } else {
            html.push_str(kind);
        }
        html.push_str("</span>");
        if let Some(figure) = ty.and_then(modelspec_core::graph::Type::key_figure) {
            html.push_str("<em>");
            escape(html, &figure);
            html.push_str("</em>");
        }
        html.push_str("</div>");
    }
    html.push_str("</div>");
}

fn foot(html: &mut String, facts: &Facts) {
    html.push_str("<div class=\"card-foot\"><span class=\"hardware\"");
    title(html, &facts.hardware_full);
    html.push('>');
    escape(html, &facts.hardware);
    html.push_str("</span>");
    match facts.usage {
        Some(usage) => {
            let level = match usage {
                0..70 => "ok",
                70..90 => "warning",
                _ => "error",
            };
            let _ = write!(
                html,
                "<i class=\"usage {level}\" data-share=\"{}%\" title=\"{usage} % of its time\"></i>",
                usage.min(100)
            );
        }
        None => html.push_str("<i class=\"grow\"></i>"),
    }
    if !facts.p95.is_empty() {
        let (class, words) = if facts.declared {
            ("p95 declared", "p95, as the document states it")
        } else {
            ("p95", "p95, simulated")
        };
        let _ = write!(html, "<span class=\"{class}\" title=\"{words}\">");
        escape(html, &facts.p95);
        html.push_str("</span>");
    }
    html.push_str("</div>");
}

fn badge(html: &mut String, finding: &Finding) {
    let (class, glyph) = match finding.severity {
        Severity::Error => ("error", Glyph::Error),
        _ => ("warning", Glyph::Warning),
    };
    let _ = write!(html, "<span class=\"card-badge {class}\"");
    let others = finding.count.0 + finding.count.1 - 1;
    let mut message = finding.message.clone();
    if others > 0 {
        let _ = write!(message, " (and {others} more)");
    }
    title(html, &message);
    html.push('>');
    icon(html, glyph);
    html.push_str("</span>");
}

fn icon(html: &mut String, glyph: Glyph) {
    let _ = write!(
        html,
        "<svg class=\"icon\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><path d=\"{}\"/></svg>",
        glyph.path()
    );
}

fn title(html: &mut String, words: &str) {
    if !words.is_empty() {
        html.push_str(" title=\"");
        escape(html, words);
        html.push('"');
    }
}

/// What a document says never becomes markup.
pub(super) fn escape(html: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            letter => html.push(letter),
        }
    }
}
