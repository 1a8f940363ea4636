use crate::compose::{Port, Project, Service};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::services::together;

rule!(OverlappingPublishedRange, "compose/overlapping-published-range");

impl Rule for OverlappingPublishedRange {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        let ports: Vec<(&Service, &Port, (u16, u16))> =
            project.services.iter().flat_map(|s| s.ports.iter().filter_map(move |p| Some((s, p, range(p)?)))).collect();
        let ranges: Vec<usize> = ports.iter().enumerate().filter(|(_, p)| p.2.0 != p.2.1).map(|(n, _)| n).collect();
        for (n, (service, port, here)) in ports.iter().enumerate() {
            // two single ports are a clash of another kind
            let candidates: Vec<usize> =
                if here.0 == here.1 { ranges.iter().copied().take_while(|m| *m < n).collect() } else { (0..n).collect() };
            let earlier = candidates.into_iter().filter_map(|m| ports.get(m)).find(|(other, p, there)| {
                let meet = here.0 <= there.1 && there.0 <= here.1;
                let apart = p.host_ip.is_some() && port.host_ip.is_some() && p.host_ip != port.host_ip;
                meet && !apart && p.protocol == port.protocol && p.span != port.span && together(other, service)
            });
            if let Some((other, first, _)) = earlier {
                cx.report(
                    port.span,
                    format!(
                        "`{}` and `{}` are given ports of the host from ranges that overlap: whoever starts second may find none",
                        other.name.value, service.name.value
                    ),
                )
                .label(first.span, "the other range")
                .help("keep the ranges apart");
            }
        }
    }
}

/// The ports of the host from which one is taken.
fn range(port: &Port) -> Option<(u16, u16)> {
    let text = port.published.as_deref()?;
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    Some((from.parse().ok()?, to.parse().ok()?))
}
