//! What the export tells of.

use crate::export::kinds::kinds;

kinds! {
    "TG-ARGO-";
    // Losses.
    stopping ONLINE "ONLINE" "Requests that would wait for a pod at each step";
    stopping LOOP "LOOP" "Loops, which no DAG has";
    stopping SIZE "SIZE" "A graph that is larger than a ConfigMap";
    told FALLBACK "FALLBACK" "Nodes that take the place of others";
    told VARIABLE "VARIABLE" "Variables that Kubernetes does not take";
    // Assumptions.
    told STEP "STEP" "The program of the steps";
    told SIMULATOR "SIMULATOR" "The image of the simulator";
    told NODES "NODES" "Where nodes answer";
    told ENDPOINT "ENDPOINT" "Addresses of nodes that run elsewhere";
    told ARTIFACTS "ARTIFACTS" "Where data is kept";
    told TIMEOUT "TIMEOUT" "How long a call may take";
}
