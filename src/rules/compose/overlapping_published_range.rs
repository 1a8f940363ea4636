use crate::compose::{Port, Project, Service};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::services::together;

rule!(OverlappingPublishedRange, "compose/overlapping-published-range");

/// The ports of the host that one entry takes, or takes one from.
struct Taken<'a> {
    service: &'a Service,
    port: &'a Port,
    from: u16,
    to: u16,
    /// One of them is drawn when the container starts.
    drawn: bool,
}

impl Rule for OverlappingPublishedRange {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        let entries: Vec<Taken<'_>> = project.services.iter().flat_map(taken).collect();
        let drawn: Vec<usize> = entries.iter().enumerate().filter(|(_, e)| e.drawn).map(|(n, _)| n).collect();
        for (n, here) in entries.iter().enumerate() {
            // entries that always take the same ports clash in another way
            let candidates: Vec<usize> = if here.drawn { (0..n).collect() } else { drawn.iter().copied().take_while(|m| *m < n).collect() };
            let Some(there) = candidates.into_iter().filter_map(|m| entries.get(m)).find(|there| meet(here, there)) else { continue };
            cx.report(
                here.port.span,
                format!(
                    "`{}` and `{}` are given ports of the host from ranges that overlap: whoever starts second may find none",
                    there.service.name.value, here.service.name.value
                ),
            )
            .label(there.port.span, "the other range")
            .help("keep the ranges apart");
        }
    }
}

fn meet(a: &Taken<'_>, b: &Taken<'_>) -> bool {
    let overlap = a.from <= b.to && b.from <= a.to;
    let apart = a.port.host_ip.is_some() && b.port.host_ip.is_some() && a.port.host_ip != b.port.host_ip;
    overlap && !apart && a.port.protocol == b.port.protocol && a.port.span != b.port.span && together(a.service, b.service)
}

/// A range that is mapped to another one comes as a port each, all from one entry.
fn taken(service: &Service) -> Vec<Taken<'_>> {
    let mut entries: Vec<Taken<'_>> = Vec::new();
    for port in &service.ports {
        let Some(text) = port.published.as_deref() else { continue };
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let (Ok(from), Ok(to)) = (from.parse(), to.parse()) else { continue };
        match entries.last_mut().filter(|e| e.port.span == port.span) {
            Some(entry) => (entry.from, entry.to) = (entry.from.min(from), entry.to.max(to)),
            None => entries.push(Taken { service, port, from, to, drawn: from != to }),
        }
    }
    entries
}
