//! What a `config.pbtxt` may say: the messages of Triton's model configuration, and the check of a
//! text against them.

use super::Problem;
use super::pbtxt::{Content, Field, Message, Value};
use crate::spec::nearest;

/// A message of the configuration.
#[derive(Debug)]
pub(super) struct Form {
    /// Its name.
    pub(super) name: &'static str,
    /// Its fields.
    pub(super) fields: &'static [FieldForm],
}

/// A field of a message.
#[derive(Debug)]
pub(super) struct FieldForm {
    /// Its name.
    pub(super) name: &'static str,
    /// What it is set to.
    pub(super) kind: Kind,
    /// How often.
    pub(super) label: Label,
}

/// How often a field may be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// Once at most.
    One,
    /// Any number of times.
    Many,
    /// Once at most, and none other of the choice beside it.
    Choice(&'static str),
    /// Once for each key.
    Map(KeyKind),
}

/// What the keys of a map are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    /// Texts.
    Text,
    /// Numbers.
    Unsigned,
}

/// What a field is set to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number in these bounds: of 32 or 64 bits, signed or not.
    Whole(i128, i128),
    /// A number.
    Float,
    /// A text.
    Text,
    /// A word of a list; the place in it is its number.
    Word(&'static str, &'static [&'static str]),
    /// A message.
    Message(&'static Form),
}

const INT32: Kind = Kind::Whole(i32::MIN as i128, i32::MAX as i128);
const INT64: Kind = Kind::Whole(i64::MIN as i128, i64::MAX as i128);
const UINT32: Kind = Kind::Whole(0, u32::MAX as i128);
const UINT64: Kind = Kind::Whole(0, u64::MAX as i128);

/// The types of a tensor's elements, by number.
pub(super) const DATA_TYPES: &[&str] = &[
    "TYPE_INVALID",
    "TYPE_BOOL",
    "TYPE_UINT8",
    "TYPE_UINT16",
    "TYPE_UINT32",
    "TYPE_UINT64",
    "TYPE_INT8",
    "TYPE_INT16",
    "TYPE_INT32",
    "TYPE_INT64",
    "TYPE_FP16",
    "TYPE_FP32",
    "TYPE_FP64",
    "TYPE_STRING",
    "TYPE_BF16",
];
const DATA_TYPE: Kind = Kind::Word("DataType", DATA_TYPES);

const fn one(name: &'static str, kind: Kind) -> FieldForm {
    let label = Label::One;
    FieldForm { name, kind, label }
}

const fn many(name: &'static str, kind: Kind) -> FieldForm {
    let label = Label::Many;
    FieldForm { name, kind, label }
}

const fn choice(of: &'static str, name: &'static str, form: &'static Form) -> FieldForm {
    let (kind, label) = (Kind::Message(form), Label::Choice(of));
    FieldForm { name, kind, label }
}

const fn choice_of(of: &'static str, name: &'static str, kind: Kind) -> FieldForm {
    let label = Label::Choice(of);
    FieldForm { name, kind, label }
}

const fn map(name: &'static str, kind: Kind) -> FieldForm {
    let label = Label::Map(KeyKind::Text);
    FieldForm { name, kind, label }
}

macro_rules! forms {
    ($( $id:ident = $name:literal: [ $($field:expr),* $(,)? ]; )*) => { $(
        static $id: Form = Form { name: $name, fields: &[ $($field),* ] };
    )* };
}

/// A model's configuration.
pub(super) static CONFIG: Form = Form {
    name: "ModelConfig",
    fields: &[
        one("name", Kind::Text),
        one("platform", Kind::Text),
        one("backend", Kind::Text),
        one("runtime", Kind::Text),
        one("version_policy", Kind::Message(&VERSION_POLICY)),
        one("max_batch_size", INT32),
        many("input", Kind::Message(&INPUT)),
        many("output", Kind::Message(&OUTPUT)),
        many("batch_input", Kind::Message(&BATCH_INPUT)),
        many("batch_output", Kind::Message(&BATCH_OUTPUT)),
        one("optimization", Kind::Message(&OPTIMIZATION)),
        choice("scheduling_choice", "dynamic_batching", &DYNAMIC_BATCHING),
        choice("scheduling_choice", "sequence_batching", &SEQUENCE_BATCHING),
        choice("scheduling_choice", "ensemble_scheduling", &ENSEMBLING),
        many("instance_group", Kind::Message(&INSTANCE_GROUP)),
        one("default_model_filename", Kind::Text),
        map("cc_model_filenames", Kind::Text),
        map("metric_tags", Kind::Text),
        map("parameters", Kind::Message(&PARAMETER)),
        many("model_warmup", Kind::Message(&WARMUP)),
        one("model_operations", Kind::Message(&OPERATIONS)),
        one("model_transaction_policy", Kind::Message(&TRANSACTION)),
        one("model_repository_agents", Kind::Message(&AGENTS)),
        one("response_cache", Kind::Message(&RESPONSE_CACHE)),
        one("model_metrics", Kind::Message(&METRICS)),
    ],
};

forms! {
    LIMITER_RESOURCE = "Resource": [
        one("name", Kind::Text), one("global", Kind::Bool), one("count", UINT32),
    ];
    RATE_LIMITER = "ModelRateLimiter": [
        many("resources", Kind::Message(&LIMITER_RESOURCE)), one("priority", UINT32),
    ];
    SECONDARY_DEVICE = "SecondaryDevice": [
        one("kind", Kind::Word("SecondaryDeviceKind", &["KIND_NVDLA"])), one("device_id", INT64),
    ];
    INSTANCE_GROUP = "ModelInstanceGroup": [
        one("name", Kind::Text),
        one("kind", Kind::Word("Kind", &["KIND_AUTO", "KIND_GPU", "KIND_CPU", "KIND_MODEL"])),
        one("count", INT32),
        one("rate_limiter", Kind::Message(&RATE_LIMITER)),
        many("gpus", INT32),
        many("secondary_devices", Kind::Message(&SECONDARY_DEVICE)),
        many("profile", Kind::Text),
        one("passive", Kind::Bool),
        one("host_policy", Kind::Text),
    ];
    RESHAPE = "ModelTensorReshape": [ many("shape", INT64) ];
    INPUT = "ModelInput": [
        one("name", Kind::Text),
        one("data_type", DATA_TYPE),
        one("format", Kind::Word("Format", &["FORMAT_NONE", "FORMAT_NHWC", "FORMAT_NCHW"])),
        many("dims", INT64),
        one("reshape", Kind::Message(&RESHAPE)),
        one("is_shape_tensor", Kind::Bool),
        one("allow_ragged_batch", Kind::Bool),
        one("optional", Kind::Bool),
        one("is_non_linear_format_io", Kind::Bool),
    ];
    OUTPUT = "ModelOutput": [
        one("name", Kind::Text),
        one("data_type", DATA_TYPE),
        many("dims", INT64),
        one("reshape", Kind::Message(&RESHAPE)),
        one("label_filename", Kind::Text),
        one("is_shape_tensor", Kind::Bool),
        one("is_non_linear_format_io", Kind::Bool),
    ];
    BATCH_INPUT = "BatchInput": [
        one("kind", Kind::Word("Kind", &[
            "BATCH_ELEMENT_COUNT",
            "BATCH_ACCUMULATED_ELEMENT_COUNT",
            "BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO",
            "BATCH_MAX_ELEMENT_COUNT_AS_SHAPE",
            "BATCH_ITEM_SHAPE",
            "BATCH_ITEM_SHAPE_FLATTEN",
        ])),
        many("target_name", Kind::Text),
        one("data_type", DATA_TYPE),
        many("source_input", Kind::Text),
    ];
    BATCH_OUTPUT = "BatchOutput": [
        many("target_name", Kind::Text),
        one("kind", Kind::Word("Kind", &["BATCH_SCATTER_WITH_INPUT_SHAPE"])),
        many("source_input", Kind::Text),
    ];
    LATEST = "Latest": [ one("num_versions", UINT32) ];
    ALL = "All": [];
    SPECIFIC = "Specific": [ many("versions", INT64) ];
    VERSION_POLICY = "ModelVersionPolicy": [
        choice("policy_choice", "latest", &LATEST),
        choice("policy_choice", "all", &ALL),
        choice("policy_choice", "specific", &SPECIFIC),
    ];
    GRAPH_LEVEL = "Graph": [ one("level", INT32) ];
    GRAPH_SHAPE = "Shape": [ many("dim", INT64) ];
    LOWER_BOUND = "LowerBound": [
        one("batch_size", INT32), map("input", Kind::Message(&GRAPH_SHAPE)),
    ];
    GRAPH_SPEC = "GraphSpec": [
        one("batch_size", INT32),
        map("input", Kind::Message(&GRAPH_SHAPE)),
        one("graph_lower_bound", Kind::Message(&LOWER_BOUND)),
    ];
    CUDA = "Cuda": [
        one("graphs", Kind::Bool),
        one("busy_wait_events", Kind::Bool),
        many("graph_spec", Kind::Message(&GRAPH_SPEC)),
        one("output_copy_stream", Kind::Bool),
    ];
    ACCELERATOR = "Accelerator": [ one("name", Kind::Text), map("parameters", Kind::Text) ];
    ACCELERATORS = "ExecutionAccelerators": [
        many("gpu_execution_accelerator", Kind::Message(&ACCELERATOR)),
        many("cpu_execution_accelerator", Kind::Message(&ACCELERATOR)),
    ];
    PINNED = "PinnedMemoryBuffer": [ one("enable", Kind::Bool) ];
    OPTIMIZATION = "ModelOptimizationPolicy": [
        one("graph", Kind::Message(&GRAPH_LEVEL)),
        one("priority", Kind::Word("ModelPriority", &[
            "PRIORITY_DEFAULT", "PRIORITY_MAX", "PRIORITY_MIN",
        ])),
        one("cuda", Kind::Message(&CUDA)),
        one("execution_accelerators", Kind::Message(&ACCELERATORS)),
        one("input_pinned_memory", Kind::Message(&PINNED)),
        one("output_pinned_memory", Kind::Message(&PINNED)),
        one("gather_kernel_buffer_threshold", UINT32),
        one("eager_batching", Kind::Bool),
    ];
    QUEUE_POLICY = "ModelQueuePolicy": [
        one("timeout_action", Kind::Word("TimeoutAction", &["REJECT", "DELAY"])),
        one("default_timeout_microseconds", UINT64),
        one("allow_timeout_override", Kind::Bool),
        one("max_queue_size", UINT32),
    ];
    DYNAMIC_BATCHING = "ModelDynamicBatching": [
        many("preferred_batch_size", INT32),
        one("max_queue_delay_microseconds", UINT64),
        one("preserve_ordering", Kind::Bool),
        one("priority_levels", UINT64),
        one("default_priority_level", UINT64),
        one("default_queue_policy", Kind::Message(&QUEUE_POLICY)),
        FieldForm {
            name: "priority_queue_policy",
            kind: Kind::Message(&QUEUE_POLICY),
            label: Label::Map(KeyKind::Unsigned),
        },
    ];
    CONTROL = "Control": [
        one("kind", Kind::Word("Kind", &[
            "CONTROL_SEQUENCE_START",
            "CONTROL_SEQUENCE_READY",
            "CONTROL_SEQUENCE_END",
            "CONTROL_SEQUENCE_CORRID",
        ])),
        many("int32_false_true", INT32),
        many("fp32_false_true", Kind::Float),
        many("bool_false_true", Kind::Bool),
        one("data_type", DATA_TYPE),
    ];
    CONTROL_INPUT = "ControlInput": [
        one("name", Kind::Text), many("control", Kind::Message(&CONTROL)),
    ];
    INITIAL_STATE = "InitialState": [
        one("data_type", DATA_TYPE),
        many("dims", INT64),
        choice_of("state_data", "zero_data", Kind::Bool),
        choice_of("state_data", "data_file", Kind::Text),
        one("name", Kind::Text),
    ];
    STATE = "State": [
        one("input_name", Kind::Text),
        one("output_name", Kind::Text),
        one("data_type", DATA_TYPE),
        many("dims", INT64),
        many("initial_state", Kind::Message(&INITIAL_STATE)),
        one("use_same_buffer_for_input_output", Kind::Bool),
        one("use_growable_memory", Kind::Bool),
    ];
    DIRECT = "StrategyDirect": [
        one("max_queue_delay_microseconds", UINT64), one("minimum_slot_utilization", Kind::Float),
    ];
    OLDEST = "StrategyOldest": [
        one("max_candidate_sequences", INT32),
        many("preferred_batch_size", INT32),
        one("max_queue_delay_microseconds", UINT64),
        one("preserve_ordering", Kind::Bool),
    ];
    SEQUENCE_BATCHING = "ModelSequenceBatching": [
        choice("strategy_choice", "direct", &DIRECT),
        choice("strategy_choice", "oldest", &OLDEST),
        one("max_sequence_idle_microseconds", UINT64),
        many("control_input", Kind::Message(&CONTROL_INPUT)),
        many("state", Kind::Message(&STATE)),
        one("iterative_sequence", Kind::Bool),
    ];
    STEP = "Step": [
        one("model_name", Kind::Text),
        one("model_version", INT64),
        map("input_map", Kind::Text),
        map("output_map", Kind::Text),
        one("model_namespace", Kind::Text),
    ];
    ENSEMBLING = "ModelEnsembling": [
        many("step", Kind::Message(&STEP)), one("max_inflight_requests", UINT32),
    ];
    PARAMETER = "ModelParameter": [ one("string_value", Kind::Text) ];
    WARMUP_INPUT = "Input": [
        one("data_type", DATA_TYPE),
        many("dims", INT64),
        choice_of("input_data_type", "zero_data", Kind::Bool),
        choice_of("input_data_type", "random_data", Kind::Bool),
        choice_of("input_data_type", "input_data_file", Kind::Text),
    ];
    WARMUP = "ModelWarmup": [
        one("name", Kind::Text),
        one("batch_size", UINT32),
        map("inputs", Kind::Message(&WARMUP_INPUT)),
        one("count", UINT32),
    ];
    OPERATIONS = "ModelOperations": [ many("op_library_filename", Kind::Text) ];
    TRANSACTION = "ModelTransactionPolicy": [ one("decoupled", Kind::Bool) ];
    AGENT = "Agent": [ one("name", Kind::Text), map("parameters", Kind::Text) ];
    AGENTS = "ModelRepositoryAgents": [ many("agents", Kind::Message(&AGENT)) ];
    RESPONSE_CACHE = "ModelResponseCache": [ one("enable", Kind::Bool) ];
    METRIC_IDENTIFIER = "MetricIdentifier": [ one("family", Kind::Text) ];
    HISTOGRAM = "HistogramOptions": [ many("buckets", Kind::Float) ];
    METRIC_CONTROL = "MetricControl": [
        one("metric_identifier", Kind::Message(&METRIC_IDENTIFIER)),
        choice("metric_options", "histogram_options", &HISTOGRAM),
    ];
    METRICS = "ModelMetrics": [ many("metric_control", Kind::Message(&METRIC_CONTROL)) ];
}

/// Problems of one file that are told; more are of no use to anybody.
const MOST: usize = 32;

/// What of a text is not as its form wants it.
pub(super) fn check(message: &Message, form: &'static Form) -> Vec<Problem> {
    let mut problems = Vec::new();
    fields(message, form, &mut problems);
    problems.truncate(MOST);
    problems
}

fn fields(message: &Message, form: &'static Form, problems: &mut Vec<Problem>) {
    let mut seen: Vec<(&'static str, Label)> = Vec::new();
    for field in &message.fields {
        if problems.len() >= MOST {
            return;
        }
        let name = field.name.value.as_str();
        let Some(known) = form.fields.iter().find(|known| known.name == name) else {
            let names = form.fields.iter().map(|known| known.name);
            let help = match nearest(name, names.clone()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it has {}", names.collect::<Vec<_>>().join(", ")),
            };
            let what = format!("`{}` has no field `{name}`", form.name);
            problems.push(Problem::field(field.name.span, what).with_help(help));
            continue;
        };
        if matches!(known.label, Label::One | Label::Choice(_)) {
            if field.listed {
                let what = format!("`{name}` takes one value, not a list");
                problems.push(Problem::field(field.name.span, what));
                continue;
            }
            let rival = seen.iter().find(|(before, label)| {
                *before == name
                    || matches!((label, known.label), (Label::Choice(a), Label::Choice(b)) if *a == b)
            });
            if let Some((before, _)) = rival {
                let what = if *before == name {
                    format!("`{name}` is stated twice")
                } else {
                    format!("`{name}` stands beside `{before}`; only one of them may be stated")
                };
                problems.push(Problem::field(field.name.span, what));
                continue;
            }
            seen.push((known.name, known.label));
        }
        values(field, known, problems);
    }
}

fn values(field: &Field, known: &FieldForm, problems: &mut Vec<Problem>) {
    for value in &field.values {
        if problems.len() >= MOST {
            return;
        }
        let Label::Map(key) = known.label else {
            one_value(value, known.name, known.kind, problems);
            continue;
        };
        let Content::Message(entry) = &value.content else {
            let what = format!("`{}` takes `{{ key: … value: … }}`", known.name);
            problems.push(Problem::field(value.span, what));
            continue;
        };
        for part in &entry.fields {
            let kind = match (part.name.value.as_str(), key) {
                ("key", KeyKind::Text) => Kind::Text,
                ("key", KeyKind::Unsigned) => UINT64,
                ("value", _) => known.kind,
                (other, _) => {
                    let what = format!("an entry of `{}` has no field `{other}`", known.name);
                    let problem = Problem::field(part.name.span, what);
                    problems.push(problem.with_help("it has `key` and `value`"));
                    continue;
                }
            };
            for value in &part.values {
                one_value(value, &part.name.value, kind, problems);
            }
        }
    }
}

fn one_value(value: &Value, name: &str, kind: Kind, problems: &mut Vec<Problem>) {
    let wanted = match (kind, &value.content) {
        (Kind::Message(form), Content::Message(inner)) => {
            fields(inner, form, problems);
            return;
        }
        (Kind::Text, Content::Text(_)) => return,
        (Kind::Bool, content) if truth(content).is_some() => return,
        (Kind::Whole(least, most), content)
            if whole(content).is_some_and(|value| (least..=most).contains(&value)) =>
        {
            return;
        }
        (Kind::Float, content) if is_number(content) => return,
        (Kind::Word(_, words), content) if word(content, words).is_some() => return,
        (Kind::Message(form), _) => format!("a `{}` in braces", form.name),
        (Kind::Text, _) => "a text in quotes".to_owned(),
        (Kind::Bool, _) => "`true` or `false`".to_owned(),
        (Kind::Whole(least, most), _) => format!("a whole number from {least} to {most}"),
        (Kind::Float, _) => "a number".to_owned(),
        (Kind::Word(name, words), _) => format!("a `{name}`: {}", words.join(", ")),
    };
    let found = match &value.content {
        Content::Text(_) => "a text".to_owned(),
        Content::Message(_) => "braces".to_owned(),
        Content::Word(found) | Content::Number(found) => {
            let short: String = found.chars().take(40).collect();
            format!("`{short}`")
        }
    };
    let what = format!("`{name}` is {found}");
    let problem = Problem::field(value.span, what);
    problems.push(problem.with_help(format!("it takes {wanted}")));
}

/// What a value says as `true` or `false`.
pub(super) fn truth(content: &Content) -> Option<bool> {
    match content {
        Content::Word(word) => match word.as_str() {
            "true" | "True" | "t" => Some(true),
            "false" | "False" | "f" => Some(false),
            _ => None,
        },
        Content::Number(_) => match whole(content)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
        _ => None,
    }
}

/// What a value says as a whole number: decimal, `0x1F` or `017`.
pub(super) fn whole(content: &Content) -> Option<i128> {
    let Content::Number(number) = content else {
        return None;
    };
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => (-1_i128, digits),
        None => (1, number.as_str()),
    };
    let hex = digits.strip_prefix("0x").or(digits.strip_prefix("0X"));
    let (base, digits) = match (hex, digits.strip_prefix('0')) {
        (Some(digits), _) => (16, digits),
        (None, Some(digits)) if !digits.is_empty() => (8, digits),
        _ => (10, digits),
    };
    // `from_str_radix` takes a sign of its own.
    let unsigned = !digits.starts_with(['+', '-']);
    let value = unsigned.then(|| i128::from_str_radix(digits, base).ok())??;
    value.checked_mul(sign)
}

fn is_number(content: &Content) -> bool {
    let text = match content {
        Content::Word(word) => word.as_str(),
        Content::Number(number) => number.strip_prefix('-').unwrap_or(number),
        _ => return false,
    };
    match text.to_ascii_lowercase().as_str() {
        "inf" | "infinity" | "nan" => true,
        text => {
            let digits = text.strip_suffix('f').unwrap_or(text);
            let begins = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
            whole(content).is_some() || (begins && digits.parse::<f64>().is_ok())
        }
    }
}

/// Which of the words a value says, by its name or number.
pub(super) fn word(content: &Content, words: &[&'static str]) -> Option<&'static str> {
    match content {
        Content::Word(word) => words.iter().find(|known| *known == word).copied(),
        Content::Number(_) => {
            let index = usize::try_from(whole(content)?).ok()?;
            words.get(index).copied()
        }
        _ => None,
    }
}
