//! What the export tells of.

use crate::export::kinds::kinds;

kinds! {
    "TG-KEDA-";
    // Losses.
    told HPA "HPA" "Autoscalers that are there already";
    told SCALE "SCALE" "Replicas that cannot vary";
    told FIXED "FIXED" "Replicas that do not vary";
    told WORD "WORD" "What KEDA has no word for";
    // Assumptions.
    told REPLICAS "REPLICAS" "Between how many replicas a node varies";
    told SERVER "SERVER" "Where Prometheus answers";
    told METRIC "METRIC" "What a node is scaled by";
    told THRESHOLD "THRESHOLD" "From which queue on a replica is added";
}
