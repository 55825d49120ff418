//! The file of a workload that is a trace.

use std::path::Path;

use modelspec_core::graph::Graph;
use modelspec_core::spec::Arrivals;
use wgpu_sim::RequestTrace;

use crate::Failure;

/// The trace that the graph's workload names, relative to the document; none where it
/// names none.
pub(super) fn read(graph: &Graph, document: &Path) -> Result<Option<RequestTrace>, Failure> {
    let workload = graph.spec.body().and_then(|body| body.workload.as_ref());
    let arrivals = workload.and_then(|workload| workload.arrivals.as_ref());
    let Some(Arrivals::Trace(trace)) = arrivals.map(|arrivals| &arrivals.value) else {
        return Ok(None);
    };
    let Some(stated) = &trace.path else {
        return Ok(None);
    };
    let folder = document.parent().unwrap_or(Path::new(""));
    let path = folder.join(&*stated.value);
    let failed = |why: &dyn core::fmt::Display| Failure(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(&path).map_err(|error| failed(&error))?;
    let trace = wgpu_sim::read_trace(&text).map_err(|error| failed(&error))?;
    Ok(Some(trace))
}
