//! What the builder says of a file whose FROM it cannot follow.

use std::collections::BTreeSet;

use crate::diagnostic::Diagnostic;
use crate::rules::peers::is_buildkit;
use crate::source::FileId;
use crate::stack::{DockerfileUnit, Stack};
use crate::syntax::dockerfile::{Instruction, Op};

use super::image_name::is_reference;
use super::variables::no_image;

/// The checks that the builder is through with before it looks at what a stage starts from.
const BEFORE: [&str; 12] = [
    "ConsistentInstructionCasing",
    "DuplicateStageName",
    "FromAsCasing",
    "FromPlatformFlagConstDisallowed",
    "InvalidDefaultArgInFrom",
    "InvalidDefinitionDescription",
    "MaintainerDeprecated",
    "NoEmptyContinuation",
    "RedundantTargetPlatform",
    "ReservedStageName",
    "StageNameCasing",
    "UndefinedArgInFrom",
];

/// The Dockerfiles at one of whose FROMs the builder stops: it names no image, or a build argument is missing that nothing gives. Of
/// those without a finding that this changes none is looked at.
pub(crate) fn stopped(stack: &Stack, findings: &[Diagnostic]) -> BTreeSet<FileId> {
    let changes = |d: &&Diagnostic| d.aliases.iter().any(|id| is_late(id));
    let asked: BTreeSet<FileId> = findings.iter().filter(changes).map(|d| d.primary.file).collect();
    let given = |unit: &DockerfileUnit| !stack.build_args.is_empty() || stack.builds_of(unit).any(|b| !b.args.is_empty());
    let stops =
        |unit: &DockerfileUnit| unit.ast.instructions().any(|(_, i)| is_no_reference(i) || no_image(unit, i).is_some_and(|_| !given(unit)));
    stack.dockerfiles.iter().filter(|u| asked.contains(&u.file) && stops(u)).map(|u| u.file).collect()
}

fn is_no_reference(instruction: &Instruction) -> bool {
    let Op::From(from) = &instruction.op else { return false };
    let literal = !from.image.contains(['$', '\'', '"', '\\', '`']);
    literal && instruction.error.is_none() && !is_reference(&from.image)
}

/// Takes the ids of the builder's checks from a finding in such a file that it does not come to.
pub(crate) fn without_late_checks(finding: &mut Diagnostic) {
    finding.aliases.retain(|id| !is_late(id));
}

fn is_late(id: &str) -> bool {
    is_buildkit(id) && !BEFORE.contains(&id)
}
