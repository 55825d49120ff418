//! `kind: ModelSpec`, `apiVersion: piqc.ai/v1alpha1`: the public per-model format by ParallelIQ,
//! schema v0.2. Every object is closed; only labels, annotations and variables are free.

use super::primitive::{ByText, Map, Positive, Text};
use crate::text::Spanned;

record! {
    /// One model, as ParallelIQ's format describes it.
    pub struct ModelSpec {
        /// `piqc.ai/v1alpha1`.
        @required "apiVersion" api_version: Text,
        /// `ModelSpec`.
        @required "kind" kind: Text,
        /// Name, version and labels.
        @required "metadata" metadata: Metadata,
        /// The model, its runtime, operations, pipeline and governance.
        @required "spec" spec: Spec,
    }

    /// Name, version and labels.
    pub struct Metadata {
        /// Its name.
        @required "name" name: Text,
        /// Its version.
        "version" version: Text,
        /// What it is for.
        "description" description: Text,
        /// For selecting.
        "labels" labels: Map<ByText, Text>,
        /// For tools.
        "annotations" annotations: Map<ByText, Text>,
    }

    /// The model, its runtime, operations, pipeline and governance.
    pub struct Spec {
        /// Which model.
        @required "identity" identity: Identity,
        /// What it runs on.
        @required "runtime" runtime: Runtime,
        /// How it is served, scaled and watched.
        "operations" operations: Operations,
        /// What it depends on.
        "pipeline" pipeline: Pipeline,
        /// What governs it.
        "governance" governance: Governance,
    }

    /// Which model.
    pub struct Identity {
        /// The model.
        @required "model" model: Model,
    }

    /// The model.
    pub struct Model {
        /// Its id.
        @required "id" id: Text,
        /// Its architecture's family.
        @required "family" family: Text,
        /// What it was trained for.
        @required "task" task: Text,
        /// What runs it.
        @required "framework" framework: Text,
        /// How its weights are stored.
        "precision" precision: Text,
        /// Where its files are.
        "artifacts" artifacts: Artifacts,
    }

    /// Where a model's files are.
    pub struct Artifacts {
        /// The weights.
        "modelUri" model_uri: Text,
        /// The tokenizer.
        "tokenizerUri" tokenizer_uri: Text,
    }

    /// What a model runs on.
    pub struct Runtime {
        /// The accelerator.
        @required "accelerator" accelerator: Accelerator,
        /// How requests are batched.
        "batch" batch: Batch,
        /// What it needs beside.
        "resources" resources: Resources,
        /// Environment variables.
        "environment" environment: Environment,
    }

    /// An accelerator.
    pub struct Accelerator {
        /// Who makes it.
        @required "vendor" vendor: Text,
        /// Its name.
        @required "type" ty: Text,
        /// How many.
        @required "count" count: Positive,
    }

    /// How requests are batched.
    pub struct Batch {
        /// The most requests.
        "maxBatchSize" max_batch_size: Positive,
        /// The longest sequence.
        "maxSequenceLengthTokens" max_sequence_length_tokens: Positive,
    }

    /// What a model needs beside its accelerator.
    pub struct Resources {
        /// Cores.
        "cpuCores" cpu_cores: Positive,
        /// Memory in gigabytes.
        "memoryGb" memory_gb: f64,
        /// Disk in gigabytes.
        "ephemeralStorageGb" ephemeral_storage_gb: f64,
    }

    /// Environment variables.
    pub struct Environment {
        /// Name and value.
        "variables" variables: Map<ByText, Text>,
    }

    /// How a model is served, scaled and watched.
    pub struct Operations {
        /// How it is served.
        "serving" serving: Serving,
        /// How it is scaled.
        "scaling" scaling: Scaling,
        /// How it is watched.
        "observability" observability: Observability,
    }

    /// How a model is served.
    pub struct Serving {
        /// What it speaks.
        "protocol" protocol: super::Protocol,
        /// Where it listens.
        "port" port: Positive,
        /// Whether it can answer.
        "readinessProbe" readiness_probe: Probe,
        /// Whether it must be restarted.
        "livenessProbe" liveness_probe: Probe,
        /// The most requests at once.
        "maxConcurrency" max_concurrency: Positive,
        /// After so many seconds a request has failed.
        "timeoutSeconds" timeout_seconds: f64,
    }

    /// How health is asked.
    pub struct Probe {
        /// The path to get.
        "path" path: Text,
        /// After so many seconds no answer is one.
        "timeoutSeconds" timeout_seconds: f64,
    }

    /// How a model is scaled.
    pub struct Scaling {
        /// The least replicas.
        "minReplicas" min_replicas: u32,
        /// The most replicas.
        "maxReplicas" max_replicas: Positive,
        /// What decides.
        "strategy" strategy: Strategy,
        /// The p95 latency to keep, in milliseconds.
        "targetLatencyMsP95" target_latency_ms_p95: f64,
        /// The requests a second to carry.
        "targetRps" target_rps: f64,
        /// Replicas kept ready.
        "warmPool" warm_pool: WarmPool,
    }

    /// Replicas kept ready.
    pub struct WarmPool {
        /// How many.
        "size" size: u32,
        /// What decides.
        "strategy" strategy: Text,
    }

    /// How a model is watched.
    pub struct Observability {
        /// Numbers.
        "metrics" metrics: Metrics,
        /// Lines.
        "logging" logging: Logging,
        /// Spans.
        "tracing" tracing: Tracing,
    }

    /// Numbers about a model.
    pub struct Metrics {
        /// Whether there are any.
        "enabled" enabled: bool,
        /// Who takes them.
        "provider" provider: Text,
        /// Where they are.
        "port" port: Positive,
    }

    /// Lines about a model.
    pub struct Logging {
        /// From which level.
        "level" level: Text,
    }

    /// Spans about a model.
    pub struct Tracing {
        /// Whether there are any.
        "enabled" enabled: bool,
    }

    /// What a model depends on.
    pub struct Pipeline {
        /// What comes before.
        "preprocess" preprocess: Steps,
        /// What comes after.
        "postprocess" postprocess: Steps,
        /// Other models.
        "dependencies" dependencies: Vec<Spanned<Dependency>>,
    }

    /// Steps in order.
    pub struct Steps {
        /// The steps.
        "steps" steps: Vec<Spanned<Step>>,
    }

    /// One step.
    pub struct Step {
        /// Its name.
        @required "name" name: Text,
        /// What it is.
        @required "type" ty: Text,
        /// Whether it runs.
        "enabled" enabled: bool,
    }

    /// Another model that this one depends on.
    pub struct Dependency {
        /// Its id.
        @required "id" id: Text,
        /// What it does.
        @required "role" role: DependencyRole,
        /// The file that describes it.
        "specRef" spec_ref: Text,
        /// Whether it must run; default true.
        "required" required: bool,
        /// What passes between the two.
        "interface" interface: Interface,
    }

    /// What passes between two models.
    pub struct Interface {
        /// What it takes.
        "inputType" input_type: Text,
        /// What it gives.
        "outputType" output_type: Text,
        /// The most that it may take, in milliseconds.
        "maxLatencyMs" max_latency_ms: f64,
    }

    /// What governs a model.
    pub struct Governance {
        /// Rules to keep.
        "compliance" compliance: Compliance,
        /// What it may cost.
        "cost" cost: Cost,
    }

    /// Rules to keep.
    pub struct Compliance {
        /// Personal data.
        "pii" pii: Pii,
        /// How long things are kept.
        "retention" retention: Retention,
        /// Who decides.
        "governance" governance: Ownership,
    }

    /// Personal data.
    pub struct Pii {
        /// Whether it may pass.
        "allowed" allowed: bool,
        /// What is done about it.
        "policy" policy: Text,
    }

    /// How long things are kept.
    pub struct Retention {
        /// Days that logs are kept.
        "logsDays" logs_days: u32,
        /// Days that files are kept.
        "artifactsDays" artifacts_days: u32,
    }

    /// Who decides.
    pub struct Ownership {
        /// How changes are approved.
        "changeApproval" change_approval: Text,
        /// Whose it is.
        "owner" owner: Text,
    }

    /// What a model may cost.
    pub struct Cost {
        /// US dollars for a thousand tokens.
        "targetCostPer1kTokensUsd" target_cost_per_1k_tokens_usd: f64,
        /// Where prices come from.
        "pricingHints" pricing_hints: PricingHints,
    }

    /// Where prices come from.
    pub struct PricingHints {
        /// The cloud.
        "cloudProvider" cloud_provider: Text,
        /// The machine.
        "instanceType" instance_type: Text,
        /// Whether it may be taken away.
        "spotAllowed" spot_allowed: bool,
    }
}

words! {
    /// What decides on the number of replicas.
    pub enum Strategy {
        /// Load that was seen.
        "reactive" Reactive,
        /// Load that is expected.
        "predictive" Predictive,
        /// A person.
        "manual" Manual,
    }

    /// What another model does for this one.
    pub enum DependencyRole {
        /// Gives it its input.
        "input" Input,
        /// Stops what must not pass.
        "guardrail" Guardrail,
        /// Orders what it is given.
        "reranker" Reranker,
        /// Finishes its answer.
        "postprocess" Postprocess,
        /// Something else.
        "custom" Custom,
    }
}
