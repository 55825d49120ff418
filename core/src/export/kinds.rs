//! How a target states what it tells of.

use super::Kind;

/// The kinds of one target: their codes begin with the target's own letters.
macro_rules! kinds {
    ($prefix:literal; $( $how:ident $name:ident $code:literal $title:literal; )*) => {
        $( pub(in crate::export) static $name: $crate::export::Kind =
            $crate::export::Kind::$how(concat!($prefix, $code), $title); )*
        /// All of them.
        pub(in crate::export) static ALL: &[&$crate::export::Kind] = &[ $( &$name, )* ];
    };
}

pub(super) use kinds;

/// The kinds of what every target that starts programs may tell of, in that target's codes.
#[derive(Debug)]
pub(super) struct PlanKinds {
    // Losses.
    pub(super) external: &'static Kind,
    pub(super) routing: &'static Kind,
    pub(super) queue: &'static Kind,
    pub(super) share: &'static Kind,
    pub(super) argument: &'static Kind,
    pub(super) index: &'static Kind,
    pub(super) spec_ref: &'static Kind,
    // Assumptions.
    pub(super) in_orchestrator: &'static Kind,
    pub(super) image: &'static Kind,
    pub(super) engine: &'static Kind,
    pub(super) port: &'static Kind,
    pub(super) resources: &'static Kind,
    pub(super) replicas: &'static Kind,
    pub(super) startup: &'static Kind,
    pub(super) weights: &'static Kind,
    pub(super) storage: &'static Kind,
    pub(super) selector: &'static Kind,
}

/// [`PlanKinds`] of the kinds that stand in scope under their usual names.
macro_rules! plan_kinds {
    () => {
        pub(in crate::export) static PLAN: $crate::export::kinds::PlanKinds =
            $crate::export::kinds::PlanKinds {
                external: &EXTERNAL,
                routing: &ROUTING,
                queue: &QUEUE,
                share: &SHARE,
                argument: &ARGUMENT,
                index: &INDEX,
                spec_ref: &SPEC_REF,
                in_orchestrator: &IN_ORCHESTRATOR,
                image: &IMAGE,
                engine: &ENGINE,
                port: &PORT,
                resources: &RESOURCES,
                replicas: &REPLICAS,
                startup: &STARTUP,
                weights: &WEIGHTS,
                storage: &STORAGE,
                selector: &SELECTOR,
            };
    };
}

pub(super) use plan_kinds;
