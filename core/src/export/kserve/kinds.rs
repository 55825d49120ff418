//! What the export tells of.

use crate::export::kinds::{kinds, plan_kinds};

kinds! {
    "TG-KSERVE-";
    // Losses.
    stopping SHAPE "SHAPE" "Graphs that no InferenceGraph holds";
    stopping CONDITION "CONDITION" "Conditions that KServe's router cannot ask";
    stopping SIDE_INPUT "SIDE-INPUT" "Side inputs, of which a step gets none";
    stopping GUARD_LAST "GUARD-LAST" "Guardrails that no step follows";
    stopping ARRAY "ARRAY" "Branches that answer with arrays";
    stopping JOIN "JOIN" "Joins that do not wait for all";
    stopping UNUSED "UNUSED" "Nodes that no request reaches";
    stopping GRPC "GRPC" "Nodes that KServe's router cannot call";
    told DEFAULT "DEFAULT" "Routers without a default";
    told COMPARISON "COMPARISON" "Comparisons that text passes too";
    told WEIGHT "WEIGHT" "Weights that are rounded";
    told FAILURE "FAILURE" "Failures that the graph would survive";
    told SECONDS "SECONDS" "Timeouts that are rounded up";
    told WORD "WORD" "What KServe has no word for";
    told VARIABLE "VARIABLE" "Variables that Kubernetes does not take";
    told LISTENS "LISTENS" "Ports that KServe sets";
    told SCALE "SCALE" "Replicas that do not vary";
    told EXTERNAL "EXTERNAL" "Nodes that run elsewhere, where no policy reaches";
    told ROUTING "ROUTING" "How requests find a replica";
    told QUEUE "QUEUE" "Limits of queues";
    told SHARE "SHARE" "With whom a GPU is shared";
    told ARGUMENT "ARGUMENT" "What the serving program has no argument for";
    told INDEX "INDEX" "What an index holds";
    told SPEC_REF "SPEC-REF" "What another document says of a node";
    // Assumptions.
    told IN_ORCHESTRATOR "IN-ROUTER" "Nodes whose work KServe's router does";
    told BODY "BODY" "What a step takes and gives";
    told VERDICT "VERDICT" "How a guardrail's answer is told from a refusal";
    told KEYS "KEYS" "The keys of answers that are merged";
    told ADDRESS "ADDRESS" "Addresses";
    told TIMEOUT "TIMEOUT" "Timeouts";
    told IMAGE "IMAGE" "Images";
    told ENGINE "ENGINE" "Serving programs";
    told PORT "PORT" "Ports";
    told RESOURCES "RESOURCES" "Cores and memory";
    told REPLICAS "REPLICAS" "Numbers of replicas";
    told STARTUP "STARTUP" "How long a model takes to load";
    told WEIGHTS "WEIGHTS" "Where models come from";
    told STORAGE "STORAGE" "Disks";
    told SELECTOR "SELECTOR" "Labels of the cluster's machines";
}

plan_kinds!();
