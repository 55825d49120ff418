//! One declaration per type of the document: the struct, its description and its reader together,
//! so that they cannot drift apart.

/// Declares a record: a struct whose fields are all optional and spanned.
macro_rules! record {
    ($(
        $(#[doc = $doc:literal])*
        pub struct $name:ident $(+ $beside:ident: $beside_ty:ty)? {
            $( $(#[doc = $fdoc:literal])* $(@$required:ident)? $key:literal $field:ident: $ty:ty, )*
        }
    )*) => { $(
        $(#[doc = $doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            $( $(#[doc = $fdoc])* pub $field: Option<crate::text::Spanned<$ty>>, )*
            $( /// What may stand beside its own keys.
               pub $beside: $beside_ty, )?
        }

        impl $name {
            /// The keys in canonical order.
            pub const RECORD: $crate::spec::form::Record = $crate::spec::form::Record {
                name: stringify!($name),
                doc: concat!($($doc, "\n"),*),
                fields: &[ $( $crate::spec::form::Field {
                    key: $key,
                    doc: concat!($($fdoc, "\n"),*),
                    form: <$ty as $crate::spec::Shape>::form,
                    required: record!(@required $($required)?),
                }, )* ],
                beside: record!(@beside $($beside_ty)?),
            };
        }

        impl $crate::spec::Shape for $name {
            fn form() -> $crate::spec::form::Form {
                $crate::spec::form::Form::Record(&Self::RECORD)
            }

            fn read(
                node: &$crate::yaml::Node,
                reader: &mut $crate::spec::Reader,
            ) -> Option<Self> {
                reader.keys(node, &Self::RECORD)?;
                Some(Self {
                    $( $field: reader.field(node, $key), )*
                    $( $beside: <$beside_ty>::read_fields(node, reader), )?
                })
            }

            fn canonical(&self) -> serde_json::Value {
                let mut map = serde_json::Map::new();
                self.write_fields(&mut map);
                serde_json::Value::Object(map)
            }
        }

        impl $name {
            /// Reads the fields without a word about other keys.
            #[allow(dead_code)]
            pub(crate) fn read_fields(
                node: &$crate::yaml::Node,
                reader: &mut $crate::spec::Reader,
            ) -> Self {
                Self {
                    $( $field: reader.field(node, $key), )*
                    $( $beside: <$beside_ty>::read_fields(node, reader), )?
                }
            }

            pub(crate) fn write_fields(&self, map: &mut serde_json::Map<String, serde_json::Value>) {
                $( if let Some(value) = &self.$field {
                    map.insert($key.to_owned(), $crate::spec::Shape::canonical(&value.value));
                } )*
                $( self.$beside.write_fields(map); )?
            }
        }
    )* };
    (@required required) => { true };
    (@required) => { false };
    (@beside $ty:ty) => { Some(&<$ty>::RECORD) };
    (@beside) => { None };
}

/// Declares a closed choice: words, and keys with a value.
macro_rules! choice {
    ($(
        $(#[doc = $doc:literal])*
        pub enum $name:ident {
            $( $(#[doc = $vdoc:literal])* $word:literal $variant:ident $(($ty:ty))?, )*
        }
    )*) => { $(
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name {
            $( $(#[doc = $vdoc])* $variant $(($ty))?, )*
        }

        impl $name {
            /// What there is to choose.
            pub const CHOICE: $crate::spec::form::Choice = $crate::spec::form::Choice {
                name: stringify!($name),
                doc: concat!($($doc, "\n"),*),
                variants: &[ $( $crate::spec::form::Variant {
                    word: $word,
                    doc: concat!($($vdoc, "\n"),*),
                    form: choice!(@form $($ty)?),
                }, )* ],
            };

            /// The word as it is written.
            pub fn word(&self) -> &'static str {
                match self { $( choice!(@pattern $variant $(, $ty)?) => $word, )* }
            }
        }

        impl $crate::spec::Shape for $name {
            fn form() -> $crate::spec::form::Form {
                $crate::spec::form::Form::Choice(&Self::CHOICE)
            }

            fn read(
                node: &$crate::yaml::Node,
                reader: &mut $crate::spec::Reader,
            ) -> Option<Self> {
                let (word, value) = $crate::spec::primitive::chosen(node, reader, &Self::CHOICE)?;
                match word {
                    $( $word => choice!(@read node reader value $word $variant $(, $ty)?), )*
                    _ => None,
                }
            }

            fn canonical(&self) -> serde_json::Value {
                match self { $( choice!(@bind value $variant $(, $ty)?) =>
                    choice!(@canonical $word value $(, $ty)?), )* }
            }
        }
    )* };
    (@form $ty:ty) => { Some(<$ty as $crate::spec::Shape>::form) };
    (@form) => { None };
    (@pattern $variant:ident, $ty:ty) => { Self::$variant(_) };
    (@pattern $variant:ident) => { Self::$variant };
    (@bind $value:ident $variant:ident, $ty:ty) => { Self::$variant($value) };
    (@bind $value:ident $variant:ident) => { Self::$variant };
    (@read $node:ident $reader:ident $value:ident $word:literal $variant:ident, $ty:ty) => {
        $reader
            .within($word, |reader| <$ty as $crate::spec::Shape>::read($value, reader))
            .map(Self::$variant)
    };
    (@read $node:ident $reader:ident $value:ident $word:literal $variant:ident) => {
        Some(Self::$variant)
    };
    (@canonical $word:literal $value:ident, $ty:ty) => {
        serde_json::json!({ $word: $crate::spec::Shape::canonical($value) })
    };
    (@canonical $word:literal $value:ident) => { serde_json::json!($word) };
}

/// Declares a closed set of plain words, as a small copyable enum.
macro_rules! words {
    ($(
        $(#[doc = $doc:literal])*
        pub enum $name:ident {
            $( $(#[doc = $vdoc:literal])* $word:literal $variant:ident, )*
        }
    )*) => { $(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $( $(#[doc = $vdoc])* $variant, )*
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            /// What there is to choose.
            pub const CHOICE: $crate::spec::form::Choice = $crate::spec::form::Choice {
                name: stringify!($name),
                doc: concat!($($doc, "\n"),*),
                variants: &[ $( $crate::spec::form::Variant {
                    word: $word,
                    doc: concat!($($vdoc, "\n"),*),
                    form: None,
                }, )* ],
            };

            /// The word as it is written.
            pub const fn word(self) -> &'static str {
                match self { $( Self::$variant => $word, )* }
            }

            /// The value of a word.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $( $word => Some(Self::$variant), )* _ => None }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl $crate::spec::Shape for $name {
            fn form() -> $crate::spec::form::Form {
                $crate::spec::form::Form::Choice(&Self::CHOICE)
            }

            fn read(
                node: &$crate::yaml::Node,
                reader: &mut $crate::spec::Reader,
            ) -> Option<Self> {
                $crate::spec::primitive::chosen(node, reader, &Self::CHOICE)
                    .and_then(|(word, _)| Self::from_word(word))
            }

            fn canonical(&self) -> serde_json::Value {
                serde_json::json!(self.word())
            }
        }
    )* };
}
