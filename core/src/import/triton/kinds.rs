//! What an import of a model repository may tell.

use crate::import::Kind;

macro_rules! kinds {
    ($( $id:ident = $make:ident($code:literal, $title:literal); )*) => {
        $( pub(super) static $id: Kind = Kind::$make($code, $title); )*
        /// All of them.
        pub(super) static ALL: &[&Kind] = &[ $( &$id ),* ];
    };
}

kinds! {
    SYNTAX = refused("IM-TRITON-SYNTAX", "Text that is not protocol buffers' text format");
    FIELD = refused("IM-TRITON-FIELD", "Fields that a model configuration does not have");
    LIMIT = refused("IM-TRITON-LIMIT", "Configurations that are too large or too deep");
    CONFIG = refused("IM-TRITON-CONFIG", "Settings of a model that cannot be");
    NO_CONFIG = refused("IM-TRITON-NO-CONFIG", "Model files without a configuration");
    AMBIGUOUS = refused("IM-TRITON-AMBIGUOUS", "Two configurations of one model");
    ENSEMBLE_BACKEND = refused("IM-TRITON-PLATFORM", "Ensembles of another platform or with a backend");
    ENSEMBLE_SETTING = refused("IM-TRITON-SETTING", "Settings that an ensemble must not have");
    NO_STEP = refused("IM-TRITON-NO-STEP", "Ensembles without steps");
    NO_MODEL_NAME = refused("IM-TRITON-NO-MODEL-NAME", "Steps that name no model");
    NO_INPUT_MAP = refused("IM-TRITON-NO-INPUT-MAP", "Steps that take nothing");
    NO_OUTPUT_MAP = refused("IM-TRITON-NO-OUTPUT-MAP", "Steps that give nothing");
    WRITTEN_TWICE = refused("IM-TRITON-WRITTEN-TWICE", "Tensors that two outputs write");
    INPUT_UNUSED = refused("IM-TRITON-INPUT-UNUSED", "Inputs that no step reads");
    NOT_WRITTEN = refused("IM-TRITON-NOT-WRITTEN", "Outputs that no step can write");
    TENSOR_UNUSED = refused("IM-TRITON-TENSOR-UNUSED", "Tensors that are not used");
    NO_MODEL = refused("IM-TRITON-NO-MODEL", "Steps of models that are not there");
    CIRCULAR = refused("IM-TRITON-CIRCULAR", "Ensembles that run each other");
    VERSION = refused("IM-TRITON-VERSION", "Versions that are not loaded");
    BATCH = refused("IM-TRITON-BATCH", "Batches that a step cannot take");
    NO_TENSOR = refused("IM-TRITON-NO-TENSOR", "Mappings to tensors that a model does not have");
    UNMAPPED = refused("IM-TRITON-UNMAPPED", "Inputs of a model that nothing is mapped to");
    TYPE = refused("IM-TRITON-TYPE", "Tensors of two element types");
    SHAPE = refused("IM-TRITON-SHAPE", "Tensors of two shapes");
    DECOUPLED = refused("IM-TRITON-DECOUPLED", "Steps between decoupled models");
    MODEL = understood("IM-TRITON-MODEL", "Models of the repository");
    FOLDER = guessed("IM-TRITON-FOLDER", "Folders that are named unlike their model");
    CONTRACT = guessed("IM-TRITON-CONTRACT", "Models whose contract is not among the files");
    VERSIONS = guessed("IM-TRITON-VERSIONS", "Versions that the files do not show");
    TWICE = guessed("IM-TRITON-TWICE", "Keys that a map states twice");
    ROLE = guessed("IM-TRITON-ROLE", "Roles that follow from a model's name");
    KEPT = kept("IM-TRITON-KEPT", "Settings that a graph has no word for");
}
