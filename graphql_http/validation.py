"""Whether a document fits the schema, at a bounded cost and telling no more than it should."""

from typing import Final

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    NameNode,
    StringValueNode,
    ValidationContext,
    ValidationRule,
    Visitor,
    specified_rules,
    validate,
    visit,
)
from graphql.validation import ASTValidationRule, OverlappingFieldsCanBeMergedRule
from graphql.validation.validate import ValidationAbortedError

from graphql_http.error_codes import EndpointErrorCode
from graphql_http.errors import RequestRefusedError, refuse_operation, report_input_error
from graphql_http.options import EndpointOptions

NO_TYPE_HAS_THIS_NAME: Final = ""
LARGE_DOCUMENT_TOKENS: Final = 200


def check_document(schema: GraphQLSchema, document: DocumentNode, options: EndpointOptions) -> None:
    """Validate `document` by all rules of the specification, and stop after the errors that are reported.

    Raises:
        RequestRefusedError: with one entry for each error, up to `options.reported_errors_maximum`.
    """
    if document.token_count > LARGE_DOCUMENT_TOKENS:
        # The rule that can be made to take long goes first: of the others, some walk the whole document several
        # times before they let it have its turn.
        _refuse_if_aborted(_validate(schema, document, [_bounded_overlap_rule(options)], options), options)
    errors = _validate(schema, document, rules_for(options), options)
    if errors:
        _refuse_if_aborted(errors, options)
        entries = [report_input_error(e, _code_of(e)) for e in errors[: options.reported_errors_maximum]]
        raise RequestRefusedError(entries, is_well_formed=True)


def _validate(
    schema: GraphQLSchema,
    document: DocumentNode,
    rules: list[type[ASTValidationRule]],
    options: EndpointOptions,
) -> list[GraphQLError]:
    return validate(
        schema,
        document,
        rules,
        max_errors=options.reported_errors_maximum,
        hide_suggestions=not options.are_suggestions_shown,
    )


def _refuse_if_aborted(errors: list[GraphQLError], options: EndpointOptions) -> None:
    """Refuse a document whose validation was given up before any error of it was found."""
    if errors and isinstance(errors[0], ValidationAbortedError):
        maximum = options.overlap_steps_maximum
        message = (
            f"Checking which fields can be merged takes more than {maximum} steps: too many have equal names."
        )
        raise refuse_operation(
            EndpointErrorCode.OVERLAP_LIMIT_EXCEEDED, message, extensions={"maximum": maximum}
        )


def rules_for(options: EndpointOptions) -> list[type[ASTValidationRule]]:
    """All rules of the specification, the one that can grow bounded, and no introspection unless it is allowed."""
    bounded = _bounded_overlap_rule(options)
    rules = [bounded if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules]
    return rules if options.is_introspection_allowed else [NoSchemaDescriptionRule, *rules]


class NoSchemaDescriptionRule(ValidationRule):
    """Refuses `__schema`. `__type` stays valid and is answered with null, so that nothing is told by either."""

    def enter_field(self, node: FieldNode, *_args: object) -> None:
        """Report a field that describes the schema."""
        if node.name.value == "__schema":
            message = "Introspection is off on this server: `__schema` cannot be asked for."
            extensions = {"code": EndpointErrorCode.INTROSPECTION_DISABLED.value}
            self.report_error(GraphQLError(message, node, extensions=extensions))


def hide_types(document: DocumentNode) -> DocumentNode:
    """Make every `__type` of a valid `document` ask for a type that cannot exist, so that it is null."""
    hidden: DocumentNode = visit(document, _TypeHider())
    return hidden


class _TypeHider(Visitor):
    def enter_field(self, node: FieldNode, *_args: object) -> FieldNode | None:
        if node.name.value != "__type":
            return None
        nothing = StringValueNode(value=NO_TYPE_HAS_THIS_NAME)
        argument = ArgumentNode(name=NameNode(value="name"), value=nothing)
        return FieldNode(
            name=node.name,
            alias=node.alias,
            arguments=(argument,),
            directives=node.directives,
            selection_set=node.selection_set,
            loc=node.loc,
        )


def _bounded_overlap_rule(options: EndpointOptions) -> type[ASTValidationRule]:
    """graphql-core's rule with a smaller budget: its own lets one document take 200 ms."""

    class BoundedOverlapRule(OverlappingFieldsCanBeMergedRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = options.overlap_steps_maximum

    return BoundedOverlapRule


def _code_of(error: GraphQLError) -> str:
    code = (error.extensions or {}).get("code")
    return code if isinstance(code, str) else EndpointErrorCode.GRAPHQL_VALIDATION_FAILED.value
