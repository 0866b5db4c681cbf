"""Whether policy documents allow a request. IAM User Guide, "Policy evaluation logic".

As much of the language as the stack writes. What is not known raises, so that nothing is allowed by not being read.
"""

import json
from fnmatch import fnmatchcase


def is_denied(documents, request):
    return any(statement["Effect"] == "Deny" for statement in matching(documents, request))


def is_allowed(documents, request):
    return any(statement["Effect"] == "Allow" for statement in matching(documents, request))


def matching(documents, request):
    """The statements that are about the request.

    A request has an "action", a "resource", "keys" (of conditions) and, for a resource's own policy, a "principal": the
    ARN or the service that asks, and its "account".
    """
    for document in documents:
        parsed = json.loads(document) if isinstance(document, str) else document
        for statement in listed(parsed["Statement"]):
            unknown = set(statement) - {"Sid", "Effect", "Action", "Resource", "Principal", "Condition"}
            if unknown:
                raise NotImplementedError(f"policy elements {sorted(unknown)}")
            if is_about(statement, request):
                yield statement


def is_about(statement, request):
    return (
        any(fits(request["action"].lower(), action.lower()) for action in listed(statement["Action"]))
        and any(fits(request["resource"], resource) for resource in listed(statement.get("Resource", "*")))
        and ("Principal" not in statement or names(statement["Principal"], request))
        and all(
            holds(operator, key, listed(wanted), request["keys"])
            for operator, conditions in statement.get("Condition", {}).items()
            for key, wanted in conditions.items()
        )
    )


def names(principal, request):
    if principal == "*":
        return True
    if "Service" in principal:
        return request["principal"] in listed(principal["Service"])
    account = request.get("account")
    whole = {"*", account, f"arn:aws:iam::{account}:root"}
    return any(name in whole or name == request["principal"] for name in listed(principal["AWS"]))


# Of one value of the request and one of the policy.
COMPARISONS = {
    "StringEquals": lambda given, wanted: given == wanted,
    "StringLike": lambda given, wanted: fits(given, wanted),
    "ArnEquals": lambda given, wanted: fits(given, wanted),
    "ArnLike": lambda given, wanted: fits(given, wanted),
    "Bool": lambda given, wanted: given.lower() == str(wanted).lower(),
}


def holds(operator, key, wanted, keys):
    given = keys.get(key)
    if operator == "Null":
        return (given is None) == (str(wanted[0]).lower() == "true")
    if operator.startswith("ForAnyValue:"):
        compare = COMPARISONS[operator.removeprefix("ForAnyValue:")]
        return any(compare(one, other) for one in listed(given or []) for other in wanted)
    if operator in ("ArnNotEquals", "StringNotEquals"):
        # Also true where the key is not in the request.
        return not holds(operator.replace("Not", ""), key, wanted, keys)
    if operator not in COMPARISONS:
        raise NotImplementedError(f"condition operator {operator}")
    return given is not None and any(COMPARISONS[operator](given, other) for other in wanted)


def fits(text, pattern):
    """`*` and `?` only: a bracket is a bracket."""
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def listed(value):
    return value if isinstance(value, (list, tuple)) else [value]
