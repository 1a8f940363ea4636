"""Compares the scores of a run with the lowest that are allowed: floor.py FLOOR SCORES."""
import json
import sys

floor = json.load(open(sys.argv[1]))
scores = json.load(open(sys.argv[2]))
failed = False
for suite, low in sorted(floor.items()):
    score = scores.get(suite, {}).get("score")
    if score is None:
        print(f"{suite}: not run, the floor is {low}")
        failed = True
    elif score < low:
        print(f"{suite}: {score} is below the floor of {low}")
        failed = True
    elif score > low:
        print(f"{suite}: {score}, so the floor can be raised from {low}")
for suite in sorted(set(scores) - set(floor)):
    print(f"{suite}: {scores[suite]['score']}, and there is no floor yet")
sys.exit(1 if failed else 0)
