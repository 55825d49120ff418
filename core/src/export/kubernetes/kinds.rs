//! What the export tells of.

use crate::export::kinds::{kinds, plan_kinds};

kinds! {
    "TG-KUBERNETES-";
    // Losses.
    stopping CHAINED_GUARD "CHAINED-GUARD" "Guardrails that only their own program can enforce";
    stopping SIZE "SIZE" "A graph that is larger than a ConfigMap";
    told EXTERNAL "EXTERNAL" "Nodes that run elsewhere, where no policy reaches";
    told READINESS "READINESS" "Readiness that does not show whether the model is loaded";
    told ROUTING "ROUTING" "How requests find a replica";
    told QUEUE "QUEUE" "Limits of queues";
    told SHARE "SHARE" "With whom a GPU is shared";
    told ARGUMENT "ARGUMENT" "What the serving program has no argument for";
    told SECONDS "SECONDS" "Times that are rounded to whole seconds";
    told OBJECTIVES "OBJECTIVES" "Objectives that nothing holds";
    told INDEX "INDEX" "What an index holds";
    told SPEC_REF "SPEC-REF" "What another document says of a node";
    told SCALE "SCALE" "Replicas that do not vary";
    told LABEL "LABEL" "Labels that Kubernetes does not take";
    told VARIABLE "VARIABLE" "Variables that Kubernetes does not take";
    // Assumptions.
    told ORCHESTRATOR "ORCHESTRATOR" "The program that runs the graph";
    told IN_ORCHESTRATOR "IN-ORCHESTRATOR" "Nodes that the orchestrator evaluates itself";
    told CHAINED "CHAINED" "Nodes that call their successors";
    told NETWORK "NETWORK" "That network policies are enforced";
    told USER "USER" "As whom containers run";
    told IMAGE "IMAGE" "Images";
    told ENGINE "ENGINE" "Serving programs";
    told PORT "PORT" "Ports";
    told RESOURCES "RESOURCES" "Cores and memory";
    told REPLICAS "REPLICAS" "Numbers of replicas";
    told STARTUP "STARTUP" "How long a model takes to load";
    told WEIGHTS "WEIGHTS" "Where models come from";
    told STORAGE "STORAGE" "Disks";
    told SELECTOR "SELECTOR" "Labels of the cluster's machines";
    told METRIC "METRIC" "What autoscaling follows";
}

plan_kinds!();
