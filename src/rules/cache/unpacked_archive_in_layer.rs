use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, run_commands};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::Op;
use crate::syntax::shell::{Command, Word};

rule!(UnpackedArchiveInLayer, "cache/unpacked-archive-in-layer");

const ARCHIVES: [&str; 18] = [
    ".tar", ".tar.gz", ".tgz", ".gz", ".tar.bz2", ".tbz2", ".bz2", ".tar.xz", ".txz", ".xz", ".tar.zst", ".zip", ".lz", ".tar.lz", ".lzma",
    ".tlz", ".tar.Z", ".Z",
];

impl Rule for UnpackedArchiveInLayer {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for block in blocks(unit) {
            for (n, (_, instruction)) in block.instructions.iter().enumerate() {
                let Op::Copy(copy) = &instruction.op else { continue };
                if copy.from.is_some() {
                    continue;
                }
                let dest = last_part(&copy.dest).to_owned();
                for source in &copy.sources {
                    let name = last_part(source).to_owned();
                    if !ARCHIVES.iter().any(|a| name.ends_with(a)) {
                        continue;
                    }
                    let later = block.instructions.iter().skip(n + 1);
                    let unpacked = later
                        .flat_map(|(item, i)| run_commands(unit, *item, i))
                        .find(|c| unpacks(c) && c.args().iter().any(|w| [&name, &dest].contains(&&operand(w))));
                    let Some(unpacked) = unpacked else { continue };
                    cx.report(source.span, format!("`{name}` is unpacked by a later RUN, and the image keeps the archive as well"))
                        .label(unpacked.span, "unpacked here")
                        .help("let ADD unpack it, or bind-mount it into that RUN");
                }
            }
        }
    }
}

fn operand(word: &Word) -> String {
    last_part(&word.lossy()).to_owned()
}

fn last_part(path: &str) -> &str {
    path.trim_matches(['"', '\'']).rsplit(['/', '\\']).next().unwrap_or_default()
}

fn unpacks(command: &Command) -> bool {
    let effective = command.effective();
    match effective.name().as_deref() {
        Some("tar" | "bsdtar") => {
            let first = effective.args().first().map(Word::lossy).unwrap_or_default();
            effective.has_flag("-x", "--extract") || effective.has_flag("", "--get") || (!first.starts_with('-') && first.contains('x'))
        }
        Some("unzip" | "gunzip" | "bunzip2" | "unxz" | "unlzma" | "uncompress" | "zgz" | "gzcat" | "7z") => true,
        Some("gzip" | "bzip2" | "xz" | "zstd") => effective.has_flag("-d", "--decompress"),
        _ => false,
    }
}
