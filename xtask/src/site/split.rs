//! The page's program in two files: what the first picture needs, and the rest.
//!
//! `app/parts.toml` names the rooms of the rest. A function of theirs, and each that nothing else
//! calls, moves to the second file. Where the first file calls one, or the function table holds
//! one, a stub stays: it has the second file loaded when it is not there yet (`load_rest` of the
//! app, `start.js`), then jumps through the table. The second file has no memory, table or stack
//! of its own: it takes those of the first, puts its functions into the table and says so.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use walrus::ir::{Visitor, dfs_in_order};
use walrus::{
    ConstExpr, ElementItems, ElementKind, ExportItem, FunctionBuilder, FunctionId, FunctionKind,
    GlobalKind, ImportKind, ImportedFunction, Module, ModuleConfig, TableId, ValType,
};

/// What the second file calls the first.
const FIRST: &str = "first";
/// The app's function that has the rest loaded, by its exported name.
const LOADER: &str = "load_rest";
/// How many instructions a function has at least that moves for its name: a stub takes about as
/// much, and the compiler folds small functions of different rooms into one.
const SMALLEST: u64 = 24;
/// The global that says whether the rest is there.
const LOADED: &str = "rest_loaded";

/// `app/parts.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parts {
    rest: Vec<String>,
}

/// The two files.
pub(super) struct Split {
    pub(super) first: Vec<u8>,
    pub(super) rest: Vec<u8>,
    /// How many functions moved, and how many stubs the first file holds for them.
    pub(super) moved: usize,
    pub(super) stubs: usize,
}

/// Splits a program as `parts` says. Its functions must have their names, demangled.
pub(super) fn split(program: &[u8], parts: &Parts) -> Result<Split> {
    let mut first = parse(program)?;
    let table = first
        .tables
        .main_function_table()?
        .context("the program has no function table")?;
    let slots = slots(&first, table)?;
    let moved = chosen(&first, &slots, parts)?;
    let mut entered = callers(&first, &moved);
    for export in first.exports.iter() {
        if let ExportItem::Function(function) = export.item
            && moved.contains(&function.index())
        {
            entered.insert(function.index());
        }
    }
    let mut seats: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    for (slot, function) in &slots {
        if moved.contains(function) {
            seats.entry(*function).or_default().push(*slot);
            entered.insert(*function);
        }
    }
    // A function that the first file only calls has no seat in the table yet.
    let mut end = first.tables.get(table).initial;
    for function in &entered {
        seats.entry(*function).or_insert_with(|| {
            end += 1;
            vec![end - 1]
        });
    }

    let rest = rest(program, &moved, &seats, end)?;
    let outside = rest.1;
    first_part(&mut first, table, &seats, &entered, end, &outside)?;
    Ok(Split {
        first: first.emit_wasm(),
        rest: rest.0,
        moved: moved.len(),
        stubs: entered.len(),
    })
}

fn parse(program: &[u8]) -> Result<Module> {
    let mut config = ModuleConfig::new();
    config
        .generate_dwarf(false)
        .generate_producers_section(false);
    config.parse(program).context("the program cannot be read")
}

/// Which function sits at which place of the table.
fn slots(module: &Module, table: TableId) -> Result<BTreeMap<u64, usize>> {
    let mut slots = BTreeMap::new();
    for element in module.elements.iter() {
        let ElementKind::Active { table: of, offset } = &element.kind else {
            continue;
        };
        if *of != table {
            continue;
        }
        let ConstExpr::Value(walrus::ir::Value::I32(start)) = offset else {
            bail!("a table segment starts at no constant");
        };
        let ElementItems::Functions(functions) = &element.items else {
            bail!("the function table is filled by expressions");
        };
        for (slot, function) in (u64::try_from(*start)?..).zip(functions) {
            slots.insert(slot, function.index());
        }
    }
    Ok(slots)
}

/// The functions that move: those that `parts` names, and those only they call.
fn chosen(module: &Module, slots: &BTreeMap<u64, usize>, parts: &Parts) -> Result<BTreeSet<usize>> {
    let mut used = BTreeSet::new();
    let mut named = BTreeSet::new();
    for function in module.funcs.iter() {
        let FunctionKind::Local(local) = &function.kind else {
            continue;
        };
        let name = without_hashes(function.name.as_deref().unwrap_or_default());
        if let Some(part) = parts.rest.iter().find(|part| names(part, &name)) {
            used.insert(part.as_str());
            if local.size() >= SMALLEST {
                named.insert(function.id().index());
            }
        }
    }
    let unused = parts
        .rest
        .iter()
        .filter(|part| !used.contains(part.as_str()));
    let unused: Vec<String> = unused.map(|part| format!("`{part}`")).collect();
    ensure!(
        unused.is_empty(),
        "app/parts.toml names what no function of the program has in its name: {}",
        unused.join(", ")
    );

    let mut stays: Vec<FunctionId> = module
        .exports
        .iter()
        .filter_map(|export| match export.item {
            ExportItem::Function(function) => Some(function),
            _ => None,
        })
        .chain(module.start)
        .collect();
    let load = module.exports.get_func(LOADER).ok();
    for function in load.iter().chain(&module.start) {
        named.remove(&function.index());
    }
    stays.retain(|function| !named.contains(&function.index()));
    let seated: BTreeSet<usize> = slots.values().copied().collect();
    stays.extend(
        module
            .funcs
            .iter()
            .map(walrus::Function::id)
            .filter(|function| {
                seated.contains(&function.index()) && !named.contains(&function.index())
            }),
    );
    let mut reached = BTreeSet::new();
    for function in &stays {
        reached.insert(function.index());
    }
    while let Some(function) = stays.pop() {
        for called in calls(module, function) {
            if !named.contains(&called.index()) && reached.insert(called.index()) {
                stays.push(called);
            }
        }
    }
    Ok(module
        .funcs
        .iter_local()
        .map(|(function, _)| function.index())
        .filter(|function| !reached.contains(function))
        .collect())
}

/// Whether a part of the program takes this function in. A `*` in the part stands for anything.
/// What the standard library makes of the program's types goes with those who call it.
fn names(part: &str, name: &str) -> bool {
    let of_std = |of: &str| {
        let of = of.trim_start_matches('<');
        of.starts_with("alloc::") || of.starts_with("core::") || of.starts_with("std::")
    };
    if of_std(name) && !of_std(part) {
        return false;
    }
    let mut left = name;
    part.split('*').all(|piece| {
        left.split_once(piece).is_some_and(|(_, after)| {
            left = after;
            true
        })
    })
}

/// A demangled name without the hashes of its crates: `app[1a2b…]::main` is `app::main`.
fn without_hashes(name: &str) -> String {
    let mut parts = name.split('[');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(']') {
            Some((hash, after))
                if !hash.is_empty() && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
            {
                plain.push_str(after);
            }
            _ => {
                plain.push('[');
                plain.push_str(part);
            }
        }
    }
    plain
}

/// Those of `moved` that a function outside calls.
fn callers(module: &Module, moved: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut entered = BTreeSet::new();
    for (function, _) in module.funcs.iter_local() {
        if moved.contains(&function.index()) {
            continue;
        }
        for called in calls(module, function) {
            if moved.contains(&called.index()) {
                entered.insert(called.index());
            }
        }
    }
    entered
}

/// The functions that a function's own code names.
fn calls(module: &Module, function: FunctionId) -> Vec<FunctionId> {
    #[derive(Default)]
    struct Calls(Vec<FunctionId>);
    impl Visitor<'_> for Calls {
        fn visit_function_id(&mut self, function: &FunctionId) {
            self.0.push(*function);
        }
    }
    let mut found = Calls::default();
    if let FunctionKind::Local(local) = &module.funcs.get(function).kind {
        dfs_in_order(&mut found, local, local.entry_block());
    }
    found.0
}

/// The second file, and which of the first's functions it needs.
fn rest(
    program: &[u8],
    moved: &BTreeSet<usize>,
    seats: &BTreeMap<usize, Vec<u64>>,
    end: u64,
) -> Result<(Vec<u8>, Outside)> {
    let mut module = parse(program)?;
    let table = module
        .tables
        .main_function_table()?
        .context("the program has no function table")?;
    let mut outside = Outside::default();

    let functions: Vec<FunctionId> = module.funcs.iter().map(walrus::Function::id).collect();
    for function in &functions {
        if !moved.contains(&function.index()) {
            continue;
        }
        for called in calls(&module, *function) {
            if !moved.contains(&called.index()) {
                outside.functions.insert(called.index());
            }
        }
    }

    for export in ids(module.exports.iter().map(walrus::Export::id)) {
        module.exports.delete(export);
    }
    for import in ids(module.imports.iter().map(walrus::Import::id)) {
        module.imports.delete(import);
    }
    module.start = None;
    for element in ids(module.elements.iter().map(walrus::Element::id)) {
        module.elements.delete(element);
    }
    for data in ids(module.data.iter().map(walrus::Data::id)) {
        module.data.delete(data);
    }

    for memory in ids(module.memories.iter().map(walrus::Memory::id)) {
        let import = module
            .imports
            .add(FIRST, "memory", ImportKind::Memory(memory));
        let memory = module.memories.get_mut(memory);
        memory.import = Some(import);
        memory.data_segments.clear();
    }
    for other in ids(module.tables.iter().map(walrus::Table::id)) {
        let name = table_name(other.index());
        let import = module.imports.add(FIRST, &name, ImportKind::Table(other));
        let shared = module.tables.get_mut(other);
        shared.import = Some(import);
        shared.elem_segments.clear();
        if other == table {
            shared.initial = end;
            shared.maximum = None;
        }
    }
    for global in ids(module.globals.iter().map(walrus::Global::id)) {
        let name = global_name(global.index());
        let import = module.imports.add(FIRST, &name, ImportKind::Global(global));
        module.globals.get_mut(global).kind = GlobalKind::Import(import);
    }
    for function in &functions {
        if outside.functions.contains(&function.index()) {
            let ty = module.funcs.get(*function).ty();
            let name = function_name(function.index());
            let import = module
                .imports
                .add(FIRST, &name, ImportKind::Function(*function));
            module.funcs.get_mut(*function).kind =
                FunctionKind::Import(ImportedFunction { import, ty });
        }
    }

    let by_index: BTreeMap<usize, FunctionId> = functions
        .iter()
        .map(|function| (function.index(), *function))
        .collect();
    let mut places: Vec<(u64, FunctionId)> = seats
        .iter()
        .flat_map(|(function, slots)| slots.iter().map(|slot| (*slot, by_index[function])))
        .collect();
    places.sort_unstable_by_key(|(slot, _)| *slot);
    for run in places.chunk_by(|(one, _), (next, _)| one + 1 == *next) {
        let offset = ConstExpr::Value(walrus::ir::Value::I32(i32::try_from(run[0].0)?));
        let functions = run.iter().map(|(_, function)| *function).collect();
        let kind = ElementKind::Active { table, offset };
        let element = module
            .elements
            .add(kind, ElementItems::Functions(functions));
        module.tables.get_mut(table).elem_segments.insert(element);
    }

    let (loaded, _) = module.add_import_global(FIRST, LOADED, ValType::I32, true, false);
    let mut start = FunctionBuilder::new(&mut module.types, &[], &[]);
    start.func_body().i32_const(1).global_set(loaded);
    module.start = Some(start.finish(Vec::new(), &mut module.funcs));

    walrus::passes::gc::run(&mut module);
    for import in module.imports.iter() {
        match import.kind {
            ImportKind::Table(table) => drop(outside.tables.insert(table.index())),
            ImportKind::Global(global) if import.name != LOADED => {
                outside.globals.insert(global.index());
            }
            _ => {}
        }
    }
    Ok((module.emit_wasm(), outside))
}

/// What of the first file the second one uses, by index.
#[derive(Default)]
struct Outside {
    functions: BTreeSet<usize>,
    tables: BTreeSet<usize>,
    globals: BTreeSet<usize>,
}

/// Puts stubs where the moved functions were, and exports what the second file uses.
fn first_part(
    module: &mut Module,
    table: TableId,
    seats: &BTreeMap<usize, Vec<u64>>,
    entered: &BTreeSet<usize>,
    end: u64,
    outside: &Outside,
) -> Result<()> {
    let load = module
        .exports
        .get_func(LOADER)
        .with_context(|| format!("the program exports no `{LOADER}`"))?;
    let loaded = module.globals.add_local(
        ValType::I32,
        true,
        false,
        ConstExpr::Value(walrus::ir::Value::I32(0)),
    );
    let mut need = FunctionBuilder::new(&mut module.types, &[], &[]);
    need.func_body()
        .global_get(loaded)
        .unop(walrus::ir::UnaryOp::I32Eqz)
        .if_else(
            None,
            |then| {
                then.call(load);
            },
            |_| {},
        );
    let need = need.finish(Vec::new(), &mut module.funcs);

    let functions: Vec<FunctionId> = module.funcs.iter().map(walrus::Function::id).collect();
    for function in &functions {
        if !entered.contains(&function.index()) {
            continue;
        }
        let ty = module.funcs.get(*function).ty();
        let (parameters, results) = {
            let ty = module.types.get(ty);
            (ty.params().to_vec(), ty.results().to_vec())
        };
        let arguments: Vec<_> = parameters
            .iter()
            .map(|parameter| module.locals.add(*parameter))
            .collect();
        let seat = i32::try_from(seats[&function.index()][0])?;
        let mut stub = FunctionBuilder::new(&mut module.types, &parameters, &results);
        let mut body = stub.func_body();
        body.call(need);
        for argument in &arguments {
            body.local_get(*argument);
        }
        body.i32_const(seat).call_indirect(ty, table);
        module.funcs.get_mut(*function).kind = FunctionKind::Local(stub.local_func(arguments));
    }

    let main = module.tables.get_mut(table);
    main.initial = end;
    main.maximum = main.maximum.map(|maximum| maximum.max(end));
    for function in &functions {
        if outside.functions.contains(&function.index()) {
            module
                .exports
                .add(&function_name(function.index()), *function);
        }
    }
    for table in ids(module.tables.iter().map(walrus::Table::id)) {
        if outside.tables.contains(&table.index()) {
            module.exports.add(&table_name(table.index()), table);
        }
    }
    for global in ids(module.globals.iter().map(walrus::Global::id)) {
        if outside.globals.contains(&global.index()) {
            module.exports.add(&global_name(global.index()), global);
        }
    }
    module.exports.add(LOADED, loaded);
    walrus::passes::gc::run(module);
    Ok(())
}

fn ids<T>(of: impl Iterator<Item = T>) -> Vec<T> {
    of.collect()
}

fn function_name(index: usize) -> String {
    format!("f{index}")
}

fn table_name(index: usize) -> String {
    format!("t{index}")
}

fn global_name(index: usize) -> String {
    format!("g{index}")
}

#[cfg(test)]
mod tests {
    use walrus::{ElementItems, ElementKind, FunctionBuilder, Module, ModuleConfig, ValType};

    use super::{LOADER, Parts, SMALLEST, names, parse, split, without_hashes};

    /// `main` calls `room::draw`, which calls `helper`; `room::click` sits in the table alone.
    fn program() -> Vec<u8> {
        let mut module = Module::with_config(ModuleConfig::new());
        let memory = module.memories.add_local(false, false, 1, None, None);
        module.exports.add("memory", memory);
        let mut function = |name: &str, body: &dyn Fn(&mut walrus::InstrSeqBuilder<'_>)| {
            let mut builder = FunctionBuilder::new(&mut module.types, &[], &[ValType::I32]);
            body(&mut builder.func_body());
            builder.name(name.to_owned());
            builder.finish(Vec::new(), &mut module.funcs)
        };
        let long = |body: &mut walrus::InstrSeqBuilder<'_>| {
            for _ in 0..SMALLEST {
                body.i32_const(1).drop();
            }
        };
        let helper = function("helper", &|body| {
            body.i32_const(7);
        });
        let shared = function("shared", &|body| {
            body.i32_const(8);
        });
        let draw = function("<app[0a1b]::room::Room>::draw", &|body| {
            long(body);
            body.call(helper).drop().call(shared);
        });
        let click = function("app[0a1b]::room::click", &|body| {
            long(body);
            body.i32_const(9);
        });
        let main = function("app[0a1b]::main", &|body| {
            body.call(draw).drop().call(shared);
        });
        let mut loader = FunctionBuilder::new(&mut module.types, &[], &[]);
        loader.func_body();
        let loader = loader.finish(Vec::new(), &mut module.funcs);
        module.exports.add(LOADER, loader);
        module.exports.add("main", main);
        let table = module
            .tables
            .add_local(false, 2, Some(2), walrus::RefType::FUNCREF);
        module.exports.add("table", table);
        let offset = walrus::ConstExpr::Value(walrus::ir::Value::I32(1));
        let segment = module.elements.add(
            ElementKind::Active { table, offset },
            ElementItems::Functions(vec![click]),
        );
        module.tables.get_mut(table).elem_segments.insert(segment);
        module.emit_wasm()
    }

    fn parts(of: &[&str]) -> Parts {
        Parts {
            rest: of.iter().map(|&part| part.to_owned()).collect(),
        }
    }

    fn functions(module: &Module) -> Vec<&str> {
        let mut names: Vec<&str> = module
            .funcs
            .iter_local()
            .filter_map(|(function, _)| module.funcs.get(function).name.as_deref())
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn a_room_moves_with_what_only_it_calls() {
        let parts = parts(&["app::room::"]);
        let split = split(&program(), &parts).unwrap();
        assert_eq!((split.moved, split.stubs), (3, 2));
        let rest = parse(&split.rest).unwrap();
        assert_eq!(
            functions(&rest),
            [
                "<app[0a1b]::room::Room>::draw",
                "app[0a1b]::room::click",
                "helper"
            ]
        );
        let first = parse(&split.first).unwrap();
        assert!(!functions(&first).contains(&"helper"));
        assert!(functions(&first).contains(&"shared"));
    }

    #[test]
    fn the_second_file_takes_all_it_imports_from_the_first() {
        let split = split(&program(), &parts(&["app::room::"])).unwrap();
        let (first, rest) = (parse(&split.first).unwrap(), parse(&split.rest).unwrap());
        let exported: Vec<&str> = first.exports.iter().map(|export| &*export.name).collect();
        assert!(rest.imports.iter().count() > 2);
        for import in rest.imports.iter() {
            assert!(exported.contains(&&*import.name), "{}", import.name);
        }
        // The slot that `click` had, and a new one behind the table's old end for `draw`.
        assert_eq!(rest.elements.iter().count(), 1);
        assert_eq!(first.tables.iter().next().unwrap().initial, 3);
    }

    #[test]
    fn a_part_that_names_nothing_is_refused() {
        let error = split(&program(), &parts(&["app::cellar"])).err().unwrap();
        assert!(error.to_string().contains("`app::cellar`"), "{error}");
    }

    #[test]
    fn names_are_compared_without_hashes() {
        assert_eq!(
            without_hashes("<a[0f]::B as c[1e]::D>::e"),
            "<a::B as c::D>::e"
        );
        assert_eq!(without_hashes("f::<[u8; 4]>"), "f::<[u8; 4]>");
    }

    #[test]
    fn a_part_takes_in_its_own_functions() {
        assert!(names(
            "::on::<*>::{closure",
            "app::on::<app::X>::{closure#0}"
        ));
        assert!(!names("on*app", "app::on"));
        assert!(!names(
            "app::room",
            "<alloc::vec::Vec<app::room::Chair>>::push"
        ));
        assert!(names("core::panicking", "core::panicking::panic_fmt"));
    }
}
