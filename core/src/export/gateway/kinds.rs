//! What the export tells of.

use crate::export::kinds::kinds;

kinds! {
    "TG-GATEWAY-";
    // Losses.
    told ROUNDED "ROUNDED" "Timeouts that are rounded up";
    told LONG "LONG" "Timeouts that Gateway API cannot write";
    told RETRIES "RETRIES" "Tries for which there is no time";
    told STANDARD "STANDARD" "What only some of the files say";
    told GRPC "GRPC" "Calls whose routes have no timeouts";
    told ROUTING "ROUTING" "How requests find a replica";
    told QUEUE "QUEUE" "Limits of queues";
    told ENTRY "ENTRY" "Graphs that are entered at several nodes";
    told WORD "WORD" "What no route holds";
    // Assumptions.
    told ONE "ONE" "Which of the folders is applied";
    told GATEWAY "GATEWAY" "The gateway before the graph";
    told TIMEOUT "TIMEOUT" "Calls without a limit";
    told PER_TRY "PER-TRY" "How long one try may take";
    told RETRY_ON "RETRY-ON" "Which failures are tried again";
    told PORT "PORT" "Ports";
}
