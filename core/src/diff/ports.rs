//! Ports and the payload types that they carry.

use serde_json::{Map, Value};

use super::class;
use super::compare::{About, Compared, keys};
use super::side::{Shown, Side, flow};
use crate::text::Span;

impl Compared<'_, '_> {
    pub(super) fn ports(&mut self, node: &str, side: &str, values: [Option<&Value>; 2]) {
        let [old, new] = values.map(|value| value.and_then(Value::as_object));
        for name in keys(old, new) {
            let value =
                |map: Option<&'_ Map<String, Value>>| map.and_then(|map| map.get(name)).cloned();
            let about = About {
                node: Some(node),
                port: Some(name),
                edge: None,
            };
            match (value(old), value(new)) {
                (Some(old), Some(new)) => self.port(about, side, &old, &new),
                (Some(old), None) => self.one_sided_port(about, side, &old, true),
                (None, Some(new)) => self.one_sided_port(about, side, &new, false),
                (None, None) => {}
            }
        }
    }

    fn port_span(&self, about: About<'_>, side: &str) -> [Option<Span>; 2] {
        let (node, port) = (about.node.unwrap_or(""), about.port.unwrap_or(""));
        [(self.old, self.old_name(node)), (self.new, node)].map(|(graph, node)| {
            let found = graph.port(node, side, port);
            found.and_then(|port| graph.port_span(port)).or_else(|| {
                let node = graph.graph.node(graph.graph.find(node)?)?;
                Some(node.span).filter(|span| !span.is_empty())
            })
        })
    }

    fn one_sided_port(&mut self, about: About<'_>, side: &str, port: &Value, removed: bool) {
        let required = port
            .get("required")
            .and_then(Value::as_bool)
            .unwrap_or(true);
        let what = side.strip_suffix('s').unwrap_or(side);
        let kind = port
            .pointer("/type/kind")
            .and_then(Value::as_str)
            .unwrap_or("any");
        let name = about.name();
        let (id, message) = match (removed, side) {
            (true, _) => (
                &class::PORT_REMOVED,
                format!("`{name}`, an {what} of `{kind}`, is removed"),
            ),
            (false, "inputs") if required => (
                &class::INPUT_ADDED,
                format!("`{name}`, an {what} of `{kind}` that must be fed, is new"),
            ),
            _ => (
                &class::PORT_ADDED,
                format!("`{name}`, an {what} of `{kind}`, is new"),
            ),
        };
        let [was, is] = self.port_span(about, side);
        let text = flow(port.get("type").unwrap_or(&Value::Null));
        let shown = Shown::both(
            [removed.then(|| text.clone()), (!removed).then_some(text)],
            [was, is],
        );
        self.push(id, about, "", shown, message);
    }

    fn port(&mut self, about: About<'_>, side: &str, old: &Value, new: &Value) {
        if old == new {
            return;
        }
        let [was, is] = self.port_span(about, side);
        let shown = |key: &str| {
            let text = |port: &Value| port.get(key).map(flow);
            Shown::both([text(old), text(new)], [was, is])
        };
        if old.get("required") != new.get("required") {
            let needed = new.get("required").and_then(Value::as_bool).unwrap_or(true);
            let kind = match (side, needed) {
                ("inputs", true) => &class::INPUT_REQUIRED,
                ("outputs", false) => &class::OUTPUT_OPTIONAL,
                _ => &class::PORT_RELAXED,
            };
            self.value(kind, about, "required", shown("required"));
        }
        for (key, kind) in [
            ("externalName", &class::FORMAT),
            ("dataClass", &class::CONTRACT),
        ] {
            if old.get(key) != new.get(key) {
                self.value(kind, about, key, shown(key));
            }
        }
        if let (Some(old), Some(new)) = (old.get("type"), new.get("type")) {
            self.ty(about, side, [old, new], 0);
        }
    }

    /// A payload type; `depth` counts the items within items.
    fn ty(&mut self, about: About<'_>, side: &str, types: [&Value; 2], depth: usize) {
        let [old, new] = types;
        if old == new {
            return;
        }
        let (node, port) = (about.node.unwrap_or(""), about.port.unwrap_or(""));
        let ends = [
            (self.old, self.old.port(self.old_name(node), side, port)),
            (self.new, self.new.port(node, side, port)),
        ];
        let prefix = "item.".repeat(depth);
        if old.get("kind") != new.get("kind") {
            let shown = [old, new].map(|ty| ty.get("kind").map(flow));
            let [was, is] = self.port_span(about, side);
            let [old, new] = shown;
            let any = Some("any".to_owned());
            let kind = if old == any || new == any {
                &class::STATED
            } else {
                &class::PAYLOAD
            };
            let shown = Shown::both([old, new], [was, is]);
            self.value(kind, about, &format!("{prefix}kind"), shown);
            return;
        }
        let model = |side: &Side<'_>, name: &str| {
            let id = side.node(name).and_then(|node| node.pointer("/model/id"));
            id.cloned()
        };
        let models = [model(self.old, node), model(self.new, node)];
        let [was, is] = [old, new].map(flat);
        for key in keys(Some(&was), Some(&is)) {
            let values = [was.get(key), is.get(key)];
            let [before, after] = values;
            if before == after {
                continue;
            }
            if matches!(key.as_str(), "item" | "of")
                && let (Some(before), Some(after)) = (before, after)
            {
                self.ty(about, side, [before, after], depth.saturating_add(1));
                continue;
            }
            // The space of an embedder's vectors is its model, which is told of the node.
            let follows = key == "space" && models.each_ref().map(Option::as_ref) == values;
            if follows {
                continue;
            }
            let mut shown = [Shown::default(), Shown::default()];
            let mut effective = [None, None];
            for (at, (graph, port)) in ends.into_iter().enumerate() {
                let (Some(shown), Some(effective)) = (shown.get_mut(at), effective.get_mut(at))
                else {
                    continue;
                };
                shown.text = values.get(at).copied().flatten().map(flow);
                shown.span = port.and_then(|port| graph.param_span(port, depth, key));
                *effective = port.and_then(|port| graph.effective(port, depth, key));
            }
            let [one, other] = &effective;
            let same = one.is_some() && one == other;
            let kind = if same {
                &class::SAME
            } else {
                class::of_param(key)
            };
            self.value(kind, about, &format!("{prefix}{key}"), shown);
        }
    }
}

/// A payload type's parameters; those of its score stand beside them.
fn flat(ty: &Value) -> Map<String, Value> {
    let mut map = ty.as_object().cloned().unwrap_or_default();
    if let Some(Value::Object(score)) = map.shift_remove("score") {
        for (key, value) in score {
            map.insert(format!("score.{key}"), value);
        }
    }
    map
}
