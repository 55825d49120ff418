//! What the export tells of.

use crate::export::kinds::kinds;

kinds! {
    "TG-TEMPORAL-";
    // Losses.
    stopping GUARD_OPEN "GUARD-OPEN" "Guardrails that let everything pass when they fail";
    stopping CYCLE "CYCLE" "Cycles that need not end";
    stopping GRPC "GRPC" "Nodes that are called by gRPC";
    told ABOVE "ABOVE" "Times above those that are stated";
    told CHAINED "CHAINED" "Nodes that would call one another";
    told FALLBACK "FALLBACK" "Nodes that cannot take another's place";
    told MAPPING "MAPPING" "Keys of bodies and answers that name no port";
    told STREAM "STREAM" "Values that come in pieces";
    told LARGE "LARGE" "Values that may be larger than Temporal's history takes";
    told WORD "WORD" "Words of the format that a workflow has none for";
    // Assumptions.
    told API "API" "How a node is called";
    told MODEL "MODEL" "What a server calls its model";
    told COLLECTION "COLLECTION" "Which collection is searched";
    told BODY "BODY" "Bodies and answers of JSON";
    told VERDICT "VERDICT" "What a guardrail says where it lets pass";
    told ADDRESS "ADDRESS" "Where a node answers";
    told KEY "KEY" "Keys of nodes that run elsewhere";
    told TIMEOUT "TIMEOUT" "How long a call may take";
    told BACKOFF "BACKOFF" "How long to wait between tries";
    told DRAW "DRAW" "Ways that are drawn";
    told ROUND "ROUND" "What follows a loop";
    told SERVER "SERVER" "Temporal's own server";
}
