//! Orders over the plan: circles, waves, the critical path. Steps stand after the steps they need, except across images.

use super::{Image, Step};

/// Images that need each other, if any do.
pub(super) fn cycle(images: &[Image]) -> Option<Vec<usize>> {
    let order = order(images.len(), |n| images.get(n).map_or(&[][..], |image| &image.needs));
    let stuck = (0..images.len()).find(|n| !order.contains(n))?;
    let mut path = vec![stuck];
    while let Some(&last) = path.last() {
        let next = images.get(last)?.needs.iter().copied().find(|need| !order.contains(need))?;
        if let Some(start) = path.iter().position(|&n| n == next) {
            path.push(next);
            return path.get(start..).map(<[usize]>::to_vec);
        }
        path.push(next);
    }
    None
}

/// All nodes, each after what it needs, as early as their numbers allow; nodes on a circle are left out.
fn order<'a>(count: usize, needs: impl Fn(usize) -> &'a [usize]) -> Vec<usize> {
    let mut done = vec![false; count];
    let mut order = Vec::with_capacity(count);
    loop {
        let before = order.len();
        for n in 0..count {
            let ready = needs(n).iter().all(|&need| done.get(need).copied().unwrap_or(true));
            if let Some(slot) = done.get_mut(n).filter(|done| !**done && ready) {
                *slot = true;
                order.push(n);
            }
        }
        if order.len() == before {
            return order;
        }
    }
}

/// The steps, each after those that it needs.
pub(super) fn order_of(steps: &[Step]) -> Vec<usize> {
    order(steps.len(), |n| steps.get(n).map_or(&[][..], |step| &step.needs))
}

fn depths(steps: &[Step]) -> Vec<usize> {
    let mut depth = vec![0; steps.len()];
    for n in order_of(steps) {
        let below = steps.get(n).map_or(0, |step| step.needs.iter().filter_map(|&need| depth.get(need)).max().map_or(0, |d| d + 1));
        if let Some(slot) = depth.get_mut(n) {
            *slot = below;
        }
    }
    depth
}

/// Steps by the number of steps that must be over before.
pub(super) fn waves(steps: &[Step]) -> Vec<Vec<usize>> {
    let depth = depths(steps);
    let count = depth.iter().max().map_or(0, |deepest| deepest + 1);
    let mut waves = vec![Vec::new(); if steps.is_empty() { 0 } else { count }];
    for (n, depth) in depth.into_iter().enumerate() {
        if let Some(wave) = waves.get_mut(depth) {
            wave.push(n);
        }
    }
    waves
}

/// The chain of steps that takes longest, the first of equals; `weight` says how long each takes.
pub(super) fn longest(steps: &[Step], weight: impl Fn(usize) -> u64) -> Vec<usize> {
    let mut ways: Vec<u64> = vec![0; steps.len()];
    for n in order(steps.len(), |n| steps.get(n).map_or(&[][..], |step| &step.needs)) {
        let before = steps.get(n).and_then(|step| step.needs.iter().filter_map(|&need| ways.get(need)).max().copied());
        if let Some(way) = ways.get_mut(n) {
            *way = weight(n) + before.unwrap_or_default();
        }
    }
    let at = |n: usize| ways.get(n).copied().unwrap_or(0);
    let last = |among: &mut dyn Iterator<Item = usize>| among.max_by(|&a, &b| at(a).cmp(&at(b)).then(b.cmp(&a)));
    let mut path: Vec<usize> = last(&mut (0..steps.len())).into_iter().collect();
    while let Some(next) = path.last().and_then(|&n| steps.get(n)).and_then(|step| last(&mut step.needs.iter().copied())) {
        path.push(next);
    }
    path.reverse();
    path
}
