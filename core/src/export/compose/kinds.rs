//! What the export tells of.

use crate::export::kinds::{kinds, plan_kinds};

kinds! {
    "TG-COMPOSE-";
    // Losses.
    stopping CHAINED_GUARD "CHAINED-GUARD" "Guardrails that only their own program can enforce";
    told READINESS "READINESS" "Readiness that does not show whether the model is loaded";
    told WORD "WORD" "What only the orchestrator holds, or nothing";
    told VARIABLE "VARIABLE" "Variables that a container does not take";
    told SCALE "SCALE" "Replicas that do not vary";
    told EXTERNAL "EXTERNAL" "Nodes that run elsewhere, where no network reaches";
    told ROUTING "ROUTING" "How requests find a replica";
    told QUEUE "QUEUE" "Limits of queues";
    told SHARE "SHARE" "With whom a GPU is shared";
    told ARGUMENT "ARGUMENT" "What the serving program has no argument for";
    told INDEX "INDEX" "What an index holds";
    told SPEC_REF "SPEC-REF" "What another document says of a node";
    // Assumptions.
    told ORCHESTRATOR "ORCHESTRATOR" "The program that runs the graph";
    told IN_ORCHESTRATOR "IN-ORCHESTRATOR" "Nodes that the orchestrator evaluates itself";
    told CHAINED "CHAINED" "Nodes that call their successors";
    told HEALTH "HEALTH" "How a container asks after its own health";
    told SECRETS "SECRETS" "Where secrets come from";
    told GPU "GPU" "The GPUs of the machine";
    told IMAGE "IMAGE" "Images";
    told ENGINE "ENGINE" "Serving programs";
    told PORT "PORT" "Ports";
    told RESOURCES "RESOURCES" "Cores and memory";
    told REPLICAS "REPLICAS" "Numbers of replicas";
    told STARTUP "STARTUP" "How long a model takes to load";
    told WEIGHTS "WEIGHTS" "Where models come from";
    told STORAGE "STORAGE" "Disks";
    told SELECTOR "SELECTOR" "Labels of machines";
}

plan_kinds!();
