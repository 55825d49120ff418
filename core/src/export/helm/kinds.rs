//! What the export tells of beside what the manifests tell.

use crate::export::kinds::kinds;

kinds! {
    "TG-HELM-";
    // Assumptions.
    told VERSION "VERSION" "The version of the chart";
    told RELEASE "RELEASE" "How often a chart is installed";
}
