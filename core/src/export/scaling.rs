//! What targets write of an autoscaler, which is that of Kubernetes.

use serde_json::{Value, json};

use super::quantity;
use crate::spec::{Autoscaling, Duration, Percent};

/// The longest time of calm that Kubernetes takes.
pub(super) const LONGEST_CALM: Duration = Duration(3_600_000_000_000);

/// How it goes up and down. Where it is stated it goes up at once as far as is called for, as it is
/// simulated; else as Kubernetes usually does.
pub(super) fn behavior(scaling: Option<&Autoscaling>, most: u32) -> Value {
    let calm = scaling.map_or(Autoscaling::SCALE_DOWN_AFTER, |it| it.scale_down_after);
    let calm = quantity::seconds(calm.min(LONGEST_CALM)).0;
    let down = json!({"stabilizationWindowSeconds": calm});
    if scaling.is_none() {
        return json!({"scaleDown": down});
    }
    json!({
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "policies": [{"type": "Pods", "value": most, "periodSeconds": 15}],
        },
        "scaleDown": down,
    })
}

/// To the nearest, and at least 1.
pub(super) fn whole_percent(share: Percent) -> u64 {
    (share.0.saturating_add(5_000) / 10_000).max(1)
}
