//! What the export tells of.

use crate::export::kinds::kinds;

kinds! {
    "TG-OBSERVABILITY-";
    // Losses.
    told EXTERNAL "EXTERNAL" "Nodes that run elsewhere, which are seen from their callers only";
    told UNSCRAPED "UNSCRAPED" "Nodes whose own figures nobody reads";
    told FIRST_TOKEN "FIRST-TOKEN" "Times between tokens that one server measures, not the caller";
    told OBJECTIVE "OBJECTIVE" "Objectives without an alert";
    // Assumptions.
    told SPANS "SPANS" "That the orchestrator writes spans";
    told BUDGET "BUDGET" "How many calls may exceed a node's budget";
    told ERRORS "ERRORS" "How many calls of a node may fail";
    told MONITORING "MONITORING" "Where Prometheus runs";
    told BACKEND "BACKEND" "Where traces go";
}
