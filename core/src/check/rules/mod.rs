//! The catalogue: one file a rule, with its page, its check and its fixes.

use super::Rule;

macro_rules! catalogue {
    ($($module:ident),* $(,)?) => {
        $( mod $module; )*

        /// All rules, by code.
        pub static RULES: &[&Rule] = &[ $( &$module::RULE ),* ];
    };
}

catalogue! {
    mg001,
    mg002,
    mg003,
    mg004,
    mg005,
    mg006,
    mg007,
    mg008,
    mg009,
    mg010,
    mg101,
    mg102,
    mg103,
    mg104,
    mg105,
    mg106,
    mg107,
    mg108,
    mg109,
    mg110,
    mg111,
    mg112,
    mg201,
    mg202,
    mg203,
    mg204,
    mg205,
    mg207,
    mg208,
    mg301,
    mg302,
    mg303,
    mg304,
    mg305,
    mg306,
    mg307,
    mg308,
    mg309,
    mg310,
    mg311,
    mg312,
    mg313,
    mg401,
    mg402,
    mg403,
    mg404,
    mg405,
    mg406,
    mg407,
    mg501,
    mg502,
    mg503,
    mg504,
    mg505,
    mg506,
    mg601,
    mg602,
    mg603,
    mg604,
}
