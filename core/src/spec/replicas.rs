//! How many replicas a node has, and what varies their number.

use serde_json::json;

use super::form::Form;
use super::primitive::Positive;
use super::reader::{Reader, Shape};
use super::units::{Duration, Percent};
use crate::text::Spanned;
use crate::yaml::{Node, Value};

/// How many replicas: a number, or bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replicas {
    /// The least; what a simulation runs.
    pub min: u32,
    /// The most; equal to `min` where one number is stated.
    pub max: u32,
    /// What varies the number between the two, where that is stated.
    pub autoscale: Option<Autoscaling>,
}

/// How an autoscaler finds the number of replicas: that of Kubernetes, as the exports set it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Autoscaling {
    /// What each replica is to have.
    pub target: ScaleBy,
    /// How often it looks.
    pub every: Duration,
    /// From the decision until a replica takes requests.
    pub cold_start: Duration,
    /// For so long the most replicas count that were called for.
    pub scale_down_after: Duration,
}

/// What replicas are added and taken away by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleBy {
    /// Requests that wait, for each replica.
    Waiting(u32),
    /// The share of what a replica can do that it does.
    Utilisation(Percent),
}

record! {
    /// Bounds of a number of replicas.
    pub struct ReplicaBounds {
        /// The least.
        @required "min" min: Positive,
        /// The most.
        "max" max: Positive,
        /// What varies the number between the two; a simulation without it runs the least.
        "autoscale" autoscale: Autoscale,
    }

    /// An autoscaler: replicas = ⌈replicas × figure ÷ target⌉, left alone within a tenth of it.
    pub struct Autoscale {
        /// What each replica is to have, on average.
        @required "target" target: ScaleTarget,
        /// How often it looks; 15 s unless stated.
        "every" every: Duration,
        /// From the decision until a replica takes requests.
        @required "coldStart" cold_start: Duration,
        /// Replicas go when for so long fewer were called for; 10 min unless stated.
        "scaleDownAfter" scale_down_after: Duration,
    }
}

choice! {
    /// What replicas are added and taken away by.
    pub enum ScaleTarget {
        /// Requests that wait, for each replica.
        "waiting" Waiting(Positive),
        /// The share of what a replica can do that it does.
        "utilisation" Utilisation(Percent),
    }
}

impl Shape for Replicas {
    fn form() -> Form {
        Form::Either(Positive::form, ReplicaBounds::form)
    }

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if !matches!(node.value, Value::Mapping(_)) {
            let count = Positive::read(node, reader)?.0;
            return Some(Self::fixed(count));
        }
        let bounds = ReplicaBounds::read(node, reader)?;
        let min = bounds.min?.value.0;
        let max = bounds.max.map_or(min, |max| max.value.0);
        if max < min {
            let place = reader.place();
            let message = format!("{place} has at least {min} and at most {max}");
            let mut diagnostic =
                reader.diagnostic(crate::check::Code::BAD_VALUE, node.span, message);
            diagnostic.help = Some("`max` is at least `min`".to_owned());
            reader.report(diagnostic);
            return None;
        }
        let autoscale = bounds.autoscale.and_then(|it| Autoscaling::of(&it.value));
        let autoscale = autoscale.filter(|autoscale| {
            let is_sound = autoscale.target != ScaleBy::Utilisation(Percent(0));
            if !is_sound {
                let message = format!(
                    "{} has a target that no number of replicas meets",
                    reader.place()
                );
                let code = crate::check::Code::BAD_VALUE;
                let mut diagnostic = reader.diagnostic(code, node.span, message);
                diagnostic.help = Some("give a `utilisation` above 0 %, such as 70 %".to_owned());
                reader.report(diagnostic);
            }
            is_sound
        });
        Some(Self {
            min,
            max,
            autoscale,
        })
    }

    fn canonical(&self) -> serde_json::Value {
        let mut bounds = json!({"min": self.min, "max": self.max});
        if let (Some(autoscale), Some(bounds)) = (&self.autoscale, bounds.as_object_mut()) {
            bounds.insert("autoscale".to_owned(), autoscale.canonical());
        }
        bounds
    }
}

impl Replicas {
    /// A number that does not vary.
    pub const fn fixed(count: u32) -> Self {
        Self {
            min: count,
            max: count,
            autoscale: None,
        }
    }
}

impl Autoscaling {
    /// How often the autoscaler of Kubernetes looks, as clusters have it.
    pub const EVERY: Duration = Duration(15_000_000_000);
    /// A replica that took minutes to load is not given up for a moment's calm.
    pub const SCALE_DOWN_AFTER: Duration = Duration(600_000_000_000);

    /// With what is usual where nothing is stated; none if what must be stated is not.
    fn of(stated: &Autoscale) -> Option<Self> {
        let target = match &stated.target.as_ref()?.value {
            ScaleTarget::Waiting(waiting) => ScaleBy::Waiting(waiting.0),
            ScaleTarget::Utilisation(share) => ScaleBy::Utilisation(*share),
        };
        let or = |stated: Option<Spanned<Duration>>, usual| stated.map_or(usual, |it| it.value);
        Some(Self {
            target,
            every: or(stated.every, Self::EVERY),
            cold_start: stated.cold_start?.value,
            scale_down_after: or(stated.scale_down_after, Self::SCALE_DOWN_AFTER),
        })
    }

    fn canonical(&self) -> serde_json::Value {
        let target = match self.target {
            ScaleBy::Waiting(waiting) => json!({"waiting": waiting}),
            ScaleBy::Utilisation(share) => json!({"utilisation": share.canonical()}),
        };
        json!({
            "target": target,
            "every": self.every.canonical(),
            "coldStart": self.cold_start.canonical(),
            "scaleDownAfter": self.scale_down_after.canonical(),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::Analysis;

    fn messages(placement: &str) -> Vec<String> {
        let text = format!(
            "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nmetadata: {{name: g}}\nspec:\n  \
             nodes:\n    a: {{role: custom, placement: {{gpu: L4, {placement}}}}}\n"
        );
        let found = Analysis::new(text).diagnostics;
        let read = found
            .iter()
            .filter(|found| found.code.0.starts_with("MG00"));
        read.map(|found| found.message.clone()).collect()
    }

    #[test]
    fn a_target_that_nobody_meets_is_refused() {
        let scaled = |autoscale: &str| {
            messages(&format!(
                "replicas: {{min: 2, max: 6, autoscale: {{{autoscale}}}}}"
            ))
        };
        let sound = "target: {utilisation: 70%}, coldStart: 90s";
        assert_eq!(scaled(sound), Vec::<String>::new());
        let none = scaled("target: {utilisation: 0%}, coldStart: 90s");
        assert!(
            none[0].contains("a target that no number of replicas meets"),
            "{none:?}"
        );
        let none = scaled("target: {waiting: 0}, coldStart: 90s");
        assert!(none[0].contains("a whole number from 1"), "{none:?}");
        assert_eq!(scaled("target: {waiting: 1}").len(), 1);
    }

    #[test]
    fn nothing_takes_less_time_beside_others() {
        let share = |slowdown: &str| {
            messages(&format!(
                "share: {{mps: {{with: [a], slowdown: {slowdown}}}}}"
            ))
        };
        assert_eq!(share("1"), Vec::<String>::new());
        let less = share("0.5");
        assert!(
            less[0].contains("a number from 1, `0.5` is not one"),
            "{less:?}"
        );
    }
}
