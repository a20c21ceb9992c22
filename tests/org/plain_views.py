"""Views for tests of what stands around every view, and their urls."""

from typing import Any, NoReturn

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.generics import ListAPIView
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from org.idempotency import IdempotentPost
from org.models import CostObject, Unit
from org.models.tokens import Scope
from org.paging import CursorPaging
from org.refusals import Invalid, NotAllowed, NotThere, Refusal, Stale

REFUSALS: dict[str, Exception] = {
    "refusal": Refusal("No."),
    "notallowed": NotAllowed("Only the CFO may do this."),
    "notthere": NotThere("There is no budget 7."),
    "invalid": Invalid.of("cap_usd", "A cap is more than zero."),
    "stale": Stale("Carl changed it at 12:00.", extra={"version": 3}),
    "throttled": Throttled(wait=1.2),
    "broken": ValueError("secret of the server"),
}


class Whoever(APIView):
    """Says who calls; reads spend, writes usage."""

    scopes = {"GET": Scope.SPEND_READ, "POST": Scope.USAGE_WRITE}

    def get(self, request: Request) -> Response:
        return Response({"user": request.user.username})

    def post(self, request: Request) -> Response:
        return Response({"user": request.user.username, "data": request.data})


class Forgetful(APIView):
    """Serves a method without saying which scope it takes."""

    def get(self, _request: Request) -> Response:
        return Response()


class Refusing(APIView):
    scopes = {"GET": Scope.SPEND_READ}

    def get(self, _request: Request, name: str) -> NoReturn:
        raise REFUSALS[name]


class LineSerializer(serializers.Serializer[Any]):
    model = serializers.CharField()
    usd = serializers.DecimalField(max_digits=12, decimal_places=2)


class ThingSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=4)
    lines = LineSerializer(many=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["name"] == "none":
            raise serializers.ValidationError("A thing needs a name of its own.")
        return attrs


class Things(APIView):
    scopes = {"POST": Scope.USAGE_WRITE}

    def post(self, request: Request) -> Response:
        ThingSerializer(data=request.data).is_valid(raise_exception=True)
        return Response(status=201)


class UnitSerializer(serializers.ModelSerializer[Unit]):
    class Meta:
        model = Unit
        fields = ("slug",)


class Units(ListAPIView[Unit]):
    scopes = {"GET": Scope.SPEND_READ}
    queryset = Unit.objects.all()
    serializer_class = UnitSerializer
    pagination_class = CursorPaging


class CostObjects(IdempotentPost):
    """Makes a cost object; `then` says how the request goes on."""

    scopes = {"POST": Scope.USAGE_WRITE}
    parser_classes = [JSONParser, MultiPartParser, FormParser]

    def post(self, request: Request) -> Response:
        made = CostObject.objects.create(
            slug=f"made-{CostObject.objects.count()}", name="made", unit=Unit.objects.all()[0]
        )
        body: Any = request.data
        match body.get("then"):
            case "refuse":
                raise NotAllowed("Not this one.")
            case "break":
                raise ValueError("secret of the server")
            case "fail":
                return Response({"detail": "no"}, status=503)
        return Response({"id": made.pk}, status=201, headers={"Location": f"/made/{made.pk}/"})


def refusing_page(request: HttpRequest, name: str) -> NoReturn:
    raise REFUSALS[name]


@login_not_required
def public_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("page")


def private_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("page")


urlpatterns = [
    path("api/v1/whoever", Whoever.as_view()),
    path("api/v1/forgetful", Forgetful.as_view()),
    path("api/v1/refusing/<name>", Refusing.as_view()),
    path("api/v1/things", Things.as_view()),
    path("api/v1/units", Units.as_view()),
    path("api/v1/cost-objects", CostObjects.as_view()),
    path("refusing/<name>", refusing_page),
    path("public", public_page),
    path("private", private_page),
    path("", include("tokenops.urls")),
]
handler400 = "org.problems.bad_request"
handler403 = "org.problems.permission_denied"
handler404 = "org.problems.not_found"
handler500 = "org.problems.server_error"
