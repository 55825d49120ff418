use super::{Figures, NodeFigures};

impl Figures {
    /// The nodes in the document's order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&str, &NodeFigures)> {
        let named = |name: &'_ String| self.nodes.get_key_value(name);
        self.order
            .iter()
            .filter_map(named)
            .map(|(name, node)| (name.as_str(), node))
    }

    /// The node that is nearest to what it can serve, of those that the graph runs itself.
    pub(crate) fn bottleneck(&self) -> Option<(&str, &NodeFigures)> {
        let whole = self.whole.as_ref();
        if let Some(name) = whole.and_then(|whole| whole.bottleneck.as_ref()) {
            return self.rows().find(|(row, _)| row == name);
        }
        let own = self.rows().filter(|(_, node)| !node.external);
        own.reduce(|most, next| {
            if next.1.load > most.1.load {
                next
            } else {
                most
            }
        })
    }

    /// The node with the largest 95th percentile.
    pub(crate) fn slowest(&self) -> Option<(&str, f64)> {
        let timed = self
            .rows()
            .filter_map(|(name, node)| Some((name, node.times.p95_ms?)));
        timed.reduce(|most, next| if next.1 > most.1 { next } else { most })
    }

    /// The arrivals at which the busiest node has no time left: its load grows in proportion.
    pub(crate) fn capacity(&self) -> Option<f64> {
        let load = self.bottleneck()?.1.load?;
        (load > 0.0).then(|| self.rate / load)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::Times;

    fn figures() -> Figures {
        let node = |load, external, p95_ms| NodeFigures {
            load: Some(load),
            times: Times {
                p95_ms,
                ..Times::default()
            },
            external,
            ..NodeFigures::default()
        };
        let nodes = [
            ("a", node(0.5, false, Some(10.0))),
            ("api", node(0.9, true, Some(300.0))),
            ("b", node(0.8, false, None)),
        ];
        Figures {
            rate: 20.0,
            order: vec!["b".into(), "a".into(), "api".into()],
            nodes: nodes.map(|(name, node)| (name.into(), node)).into(),
            ..Figures::default()
        }
    }

    #[test]
    fn the_bottleneck_is_a_node_of_ones_own() {
        let figures = figures();
        assert_eq!(figures.bottleneck().map(|(name, _)| name), Some("b"));
        assert_eq!(figures.capacity(), Some(25.0));
        assert_eq!(figures.slowest(), Some(("api", 300.0)));
    }

    #[test]
    fn rows_keep_the_order_of_the_document() {
        let figures = figures();
        let names: Vec<&str> = figures.rows().map(|(name, _)| name).collect();
        assert_eq!(names, ["b", "a", "api"]);
    }
}
