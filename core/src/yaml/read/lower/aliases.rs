//! Values that are named and repeated, within limits.

use super::{Anchor, ErrorKind, Lowering, Size, null};
use crate::text::Span;
use crate::yaml::lex;
use crate::yaml::node::Node;

impl Lowering<'_> {
    pub(super) fn alias(&mut self, id: usize) -> Option<()> {
        let (is_key, _) = self.separators();
        let start = lex::trivia(self.text, self.cursor);
        let span = Span::new(start, lex::property_end(self.text, start));
        self.cursor = self.cursor.max(span.end);
        let name = span.of(self.text).trim_start_matches('*').to_owned();
        if is_key {
            self.not_a_key(span);
            return Some(());
        }
        let Some(anchor) = self.anchors.get(&id) else {
            let (message, help) = if self.frames.iter().any(|frame| frame.anchor == id) {
                (
                    format!("the alias `*{name}` stands inside its own anchor"),
                    "a value cannot hold itself",
                )
            } else {
                (
                    format!("the alias `*{name}` has no anchor `&{name}` before it"),
                    "write the value itself",
                )
            };
            self.error(ErrorKind::Syntax, message, span, Some(help));
            self.count(1, 0)?;
            self.place(
                Node {
                    span,
                    ..null(start)
                },
                0,
            );
            return Some(());
        };
        let (values, bytes, height) = (anchor.values, anchor.bytes, anchor.height);
        if self.frames.len().saturating_add(height) > self.limits.depth {
            let message = format!(
                "the alias `*{name}` nests deeper than {} levels",
                self.limits.depth
            );
            self.error(ErrorKind::Limit, message, span, Some("use fewer levels"));
            self.count(1, 0)?;
            self.place(
                Node {
                    span,
                    ..null(start)
                },
                0,
            );
            return Some(());
        }
        self.count(values, bytes)?;
        let value = self.anchors.get(&id)?.node.value.clone();
        let node = Node {
            span,
            value,
            alias: true,
        };
        self.place(node, height);
        Some(())
    }

    /// Keeps a value that aliases may repeat.
    pub(super) fn anchored(&mut self, anchor: usize, node: &Node, size: Size) -> Option<()> {
        if anchor == 0 {
            return Some(());
        }
        self.kept_values = self.kept_values.saturating_add(size.values);
        self.kept_bytes = self.kept_bytes.saturating_add(size.bytes);
        self.check()?;
        self.anchors.insert(
            anchor,
            Anchor {
                node: node.clone(),
                values: size.values,
                bytes: size.bytes,
                height: size.height,
            },
        );
        Some(())
    }
}
