//! What ShellCheck's users expect of each finding, and of its exceptions: the exact words that are reported.

use stacklint::files::Memory;
use stacklint::rule::{Selection, SelectionRequest, registry};
use stacklint::stack::{self, Candidate, Request};
use stacklint::{check, fix};

/// The texts that are reported under an id in a Dockerfile.
fn reported(id: &str, dockerfile: &str) -> Vec<String> {
    let mut files = Memory::new();
    files.insert("Dockerfile", dockerfile.as_bytes().to_vec());
    let candidates = vec![Candidate { path: "Dockerfile".to_owned(), explicit: true, size: None }];
    let stack = stack::load(&Request { candidates, ..Request::default() }, &files);
    let request = SelectionRequest { select: vec![id.to_owned()], ..SelectionRequest::default() };
    let found = check::run(&stack, &Selection::resolve(&request, registry()).unwrap()).diagnostics;
    let text = fix::apply(&stack.sources, &found, stacklint::diagnostic::Applicability::Unsafe);
    assert!(text.texts.len() <= 1, "fixes stay in the file");
    found.iter().map(|d| stack.sources.slice(d.primary).to_owned()).collect()
}

fn table(id: &str, cases: &[(&str, &[&str])]) {
    for (run, expected) in cases {
        let file = format!("FROM debian:12\nARG GIVEN\nENV SET=\"a b\"\nRUN {run}\n");
        assert_eq!(reported(id, &file), *expected, "{id}: RUN {run}");
        let file = format!("FROM debian:12\nARG GIVEN\nENV SET=\"a b\"\nONBUILD RUN {run}\n");
        assert_eq!(reported(id, &file), *expected, "{id}: ONBUILD RUN {run}");
    }
}

#[test]
fn variables_are_split_where_their_value_is_not_known() {
    table(
        "SC2086",
        &[
            ("rm $x", &["$x"]),
            ("rm ${x}/y > $out", &["${x}", "$out"]),
            ("rm $GIVEN $SET \"$x\" '$x' \\$x", &[]),
            ("x=a; rm $x", &[]),
            ("x='a b'; rm $x", &["$x"]),
            ("x=$(pwd); rm $x", &["$x"]),
            ("x=$((1 + 2)) && rm $x ${#y} $? $# $$", &[]),
            ("x=a; y=$x/b && rm $y", &[]),
            ("if make; then x=a; else x=b; fi; rm $x", &[]),
            ("if make; then x=a; fi; rm $x", &["$x"]),
            ("make && x=a; rm $x", &["$x"]),
            ("make && x=a && rm $x", &[]),
            ("case $y in a) x=1 ;; *) exit 1 ;; esac; rm $x", &[]),
            ("case $y in a) x=1 ;; b) x=2 ;; esac; rm $x", &["$x"]),
            ("for x in a b; do rm $x; done", &[]),
            ("for x in $list; do rm $x; done", &["$x"]),
            ("read -r x; rm $x", &["$x"]),
            ("(x=a); rm $x", &["$x"]),
            ("x=a; x=$x$y; rm $x", &["$x"]),
            ("$cmd x; y=$x; [ -n \"$x\" ]", &[]),
            ("rm ${x:+\"$x\"} ${x+y}", &[]),
            ("rm ${x:-y}", &["${x:-y}"]),
            ("[ $x = y ]", &["$x"]),
            ("echo $((x + $y)) \"$(rm $z)\"", &["$z"]),
            ("cat <<EOF\n$x\nEOF", &[]),
            ("export y=$x", &["$x"]),
            (": ${x:=y}", &[]),
        ],
    );
    table("SC2231", &[("for f in $x/*.y \"$x\"/* $x; do make; done", &["$x"]), ("for f in $GIVEN/*; do make; done", &[])]);
    table("SC2223", &[(": ${x:=y}", &["${x:=y}"]), (": \"${x:=y}\"", &[])]);
}

#[test]
fn output_is_split() {
    table(
        "SC2046",
        &[
            ("rm $(cat x) `cat y`", &["$(cat x)", "`cat y`"]),
            ("rm \"$(cat x)\"; y=$(cat z); $(cat cmd) a", &[]),
            ("echo $(seq 1 3) $(pgrep x)", &[]),
            ("for f in $(cat x); do echo \"$f\"; done", &[]),
            ("export A=$(uname -m)", &["$(uname -m)"]),
            ("make -j$(nproc)", &["$(nproc)"]),
        ],
    );
    table(
        "SC2155",
        &[
            ("export A=\"$(uname -m)\"", &["A=\"$(uname -m)\""]),
            ("A=$(uname -m); export A", &[]),
            ("f() { local -r a=\"$(id)\"; local b=\"$(id)\"; echo \"$a$b\"; }; f", &["b=\"$(id)\""]),
            ("A=\"$(id)\" make", &[]),
        ],
    );
}

#[test]
fn single_quotes_keep_dollars() {
    table(
        "SC2016",
        &[
            ("echo 'a $HOME' > x", &["a $HOME"]),
            ("echo '`id`'", &["`id`"]),
            ("awk '{print $1}' x; gawk '$1' x; perl -pe 's/$x//' y", &[]),
            ("sed -e 's/a$/b/' -e '$d' -e '${;x}' f", &[]),
            ("sed 's/$HOME/b/' f", &["s/$HOME/b/"]),
            ("sh -c 'echo $x'; find . -exec sh -c 'echo $1' _ {} \\;; trap 'echo $x' EXIT", &[]),
            ("xargs -I{} bash -c 'echo $1' _ {}", &[]),
            ("dpkg-query -f '${binary:Package}\\n' -W; jq '.[$x]' f; envsubst '$A' < x", &[]),
            ("PS1='$PWD'; X='$PWD'", &["$PWD"]),
            ("echo 'a$' 'b $ c'", &[]),
            ("echo $'$x'", &[]),
        ],
    );
}

#[test]
fn a_failing_cd_is_seen() {
    table(
        "SC2164",
        &[
            ("cd x; make", &["cd x"]),
            ("make && cd x", &["cd x"]),
            ("cd x && make", &[]),
            ("cd x || exit 1; make", &[]),
            ("set -ex; cd x; make", &[]),
            ("cd ..; make; cd /", &[]),
            ("if cd x; then make; fi", &[]),
            ("{ cd x; } && make", &[]),
            ("(cd x; make)", &["cd x"]),
            ("pushd x; popd", &["pushd x", "popd"]),
        ],
    );
}

#[test]
fn small_slips() {
    table("SC2006", &[("x=`id` && echo \"`id`\"", &["`id`", "`id`"]), ("echo '`id`' \\`", &[])]);
    table("SC2028", &[("echo 'a\\tb' \"c\\nd\" e\\nf", &["'a\\tb'", "\"c\\nd\""]), ("echo -e 'a\\n'; printf 'a\\n'", &[])]);
    table("SC2035", &[("rm *.x ?y ./* a* -- *", &["*.x", "?y"]), ("echo *", &[])]);
    table(
        "SC2154",
        &[
            ("echo \"$nobody\"; echo \"$nobody\"", &["$nobody"]),
            ("echo \"${x:-y}\" \"$UPPER\"; for i in a; do echo \"$i\"; done", &[]),
            ("x=1 make; echo \"$x\"; read -r y; echo \"$y\"; : \"${z:=1}\"; echo \"$z\"", &[]),
            (". ./env; echo \"$nobody\"", &[]),
        ],
    );
    table("SC2034", &[("x=1; make", &["x"]), ("x=1 make; export y=1; z=2; export z; w=3; echo \"$w\"", &[]), ("GIVEN=1; make", &[])]);
    table("SC2038", &[("find . | xargs rm", &["find ."]), ("find . -print0 | xargs -0 rm", &[]), ("find . | sort | xargs rm", &[])]);
    table("SC2185", &[("find -name x", &["find"]), ("find . -name x; find -L x; find \"$x\"", &[])]);
    table("SC2043", &[("for x in a; do make; done", &["a"]), ("for x in a b $c; do make; done; for x in $c; do make; done", &[])]);
    table("SC2251", &[("set -e; ! make; ls", &["!"]), ("set -e; ! make", &[]), ("! make; ls", &[]), ("set -e; ! make || exit; ls", &[])]);
    table("SC2067", &[("find . -exec rm x\\;", &["x\\;"]), ("find . -exec rm {} \\; -exec ls {} +", &[])]);
    table("SC2174", &[("mkdir -pm 700 /a/b", &["-pm"]), ("mkdir -p -m 700 a ../b; mkdir -p /a/b; mkdir -m 700 /a/b", &[])]);
    table("SC2116", &[("x=$(echo a)", &["$(echo a)"]), ("x=$(echo a | tr a b) y=$(echo -n a) z=$(echo *)", &[])]);
    table("SC2005", &[("echo \"$(date)\"", &["echo \"$(date)\""]), ("echo \"a $(date)\" \"$(date)\"", &[])]);
    table(
        "SC2015",
        &[
            ("a && b || c", &["c"]),
            ("a && b || echo c", &[]),
            ("a || b && c", &[]),
            ("a && [ b ] || c", &[]),
            ("a && b || c && d", &[]),
            ("if a && b || c; then d; fi", &[]),
        ],
    );
    table("SC2115", &[("rm -rf \"$x/\"* $x/usr", &["\"$x/\"*", "$x/usr"]), ("rm -rf \"${x:?}/\"* \"$x\" $x/y; rm \"$x/\"", &[])]);
    table("SC2059", &[("printf \"$x\"", &["\"$x\""]), ("printf '%s' \"$x\"; printf \"%$x\" 1; printf -v y '%s' a", &[])]);
    table("SC2003", &[("expr 1 + 2", &["expr"]), ("expr \"$x\" : 'a*'; expr substr a 1 1", &[])]);
    table("SC2004", &[("echo $(($x + ${y} + $1 + $x$y + z))", &["$x", "${y}"]), ("echo $((10#$x)) $((${x%y}))", &[])]);
    table("SC2024", &[("sudo a > b", &["> b"]), ("sudo a > /dev/null 2>&1; a > b", &[])]);
    table("SC2061", &[("find . -name *.x", &["*.x"]), ("find . -name '*.x' -path \"*/y\"; find *.d -type f", &[])]);
    table("SC2068", &[("set -- a; echo $@ ${1}", &["$@"]), ("set -- a; echo \"$@\"; x=$@", &[])]);
    table("SC2143", &[("[ -n \"$(grep x y)\" ]", &["\"$(grep x y)\""]), ("[ \"$(grep x y)\" = z ]; [ -n \"$(grep -o x y)\" ]", &[])]);
    table("SC2027", &[("echo \"a \"$x\" b\"", &["$x"]), ("echo \"a $x\"$y", &[])]);
    table("SC2267", &[("ls | xargs -i rm {}", &["-i"]), ("ls | xargs -I{} rm -i {}", &[])]);
    table("SC2021", &[("tr '[a-z]' '[A-Z]'", &["'[a-z]'", "'[A-Z]'"]), ("tr '[:lower:]' A-Z", &[])]);
    table("SC2162", &[("read x", &["read"]), ("read -r x; IFS= read -rs y", &[])]);
    table("SC2166", &[("[ a -a b ]", &["-a"]), ("[ -a b ]; [ \"$x\" = -o ]", &[])]);
    table("SC2010", &[("ls | grep a", &["ls"]), ("ls; grep a b", &[])]);
    table("SC2044", &[("for f in $(find .); do make; done", &["$(find .)"])]);
    table("SC2070", &[("[ -n $x ]", &["$x"]), ("[ -n \"$x\" ]; [ -z $x ]", &[])]);
    table("SC1007", &[("A= make", &[" "]), ("A='' make; A=; IFS= read -r x", &[])]);
    table("SC2102", &[("pip install a[standard]", &["[standard]"]), ("rm [a-z]", &[])]);
    table("SC2126", &[("grep a b | wc -l", &["grep a b"]), ("grep -o a b | wc -l", &[])]);
    table("SC2145", &[("set -- a; echo \"a $@\"", &["$@"]), ("set -- a; echo a \"$@\"", &[])]);
    table("SC2268", &[("[ x$x = xa ]", &["x$x"]), ("[ \"$x\" = xa ]; [ xa = xb ]", &[])]);
}

#[test]
fn the_shell_in_effect_decides() {
    let bash = "FROM debian:12\nSHELL [\"/bin/bash\", \"-ec\"]\nRUN export A=$(id) B=$x; cd x; make\n";
    assert!(reported("SC2046", bash).is_empty());
    assert!(reported("SC2086", bash).is_empty());
    assert!(reported("SC2164", bash).is_empty());
    assert_eq!(reported("SC2155", bash), ["A=$(id)"]);
    let said = "FROM debian:12\n# hadolint shell=/bin/bash\nRUN export A=$(id)\n";
    assert!(reported("SC2046", said).is_empty());
    let above = "# hadolint shell=bash\nFROM debian:12\nRUN export A=$(id)\nFROM debian:12\nRUN export A=$(id)\n";
    assert!(reported("SC2046", above).is_empty());
    let windows = "FROM debian:12\nSHELL [\"powershell\", \"-Command\"]\nRUN Remove-Item $env:TEMP\\x\n";
    assert!(reported("SC2086", windows).is_empty());
    let exec = "FROM debian:12\nRUN [\"sh\", \"-c\", \"rm $x\"]\nCMD rm $x\n";
    assert!(reported("SC2086", exec).is_empty(), "hadolint shows ShellCheck neither");
    assert_eq!(reported("unquoted-variable", exec), ["$x", "$x"]);
}
