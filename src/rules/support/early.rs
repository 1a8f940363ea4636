//! What the builder says of a file whose FROM it cannot follow.

use std::collections::BTreeSet;

use crate::diagnostic::Diagnostic;
use crate::rules::peers::is_buildkit;
use crate::source::FileId;
use crate::stack::Stack;

use super::variables::no_image;

/// The checks that the builder is through with before it looks at what a stage starts from.
const BEFORE: [&str; 10] = [
    "ConsistentInstructionCasing",
    "DuplicateStageName",
    "FromAsCasing",
    "FromPlatformFlagConstDisallowed",
    "InvalidDefaultArgInFrom",
    "NoEmptyContinuation",
    "RedundantTargetPlatform",
    "ReservedStageName",
    "StageNameCasing",
    "UndefinedArgInFrom",
];

/// The Dockerfiles at one of whose FROMs the builder stops, because a build argument is missing that nothing gives.
pub(crate) fn stopped(stack: &Stack) -> BTreeSet<FileId> {
    if !stack.build_args.is_empty() {
        return BTreeSet::new();
    }
    let given = |unit| stack.builds_of(unit).any(|b| !b.args.is_empty());
    let units = stack.dockerfiles.iter().filter(|u| !given(u));
    units.filter(|u| u.ast.instructions().any(|(_, i)| no_image(u, i).is_some())).map(|u| u.file).collect()
}

/// Takes the ids of the builder's checks from a finding in such a file that it does not come to.
pub(crate) fn without_late_checks(finding: &mut Diagnostic) {
    finding.aliases.retain(|id| !is_buildkit(id) || BEFORE.contains(id));
}
