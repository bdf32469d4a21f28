function say(data) {
  $(".message").text(data.errcode + " " + data.errmsg);
}

$(function () {
  $.get("/api/profile", function (data) {
    if ("4101" == data.errno) {
      location.href = "index.html";
      return;
    }
    $("#user-name").html(data.data.name);
    $("#user-mobile").html(data.data.mobile);
    $("#create-time").html(data.data.create_time);
    if (data.data.avatar_url) $("#user-avatar").attr("src", data.data.avatar_url);
  }, "json");

  $("#form-avatar").submit(function (event) {
    event.preventDefault();
    $.ajax({
      url: "/api/profile/avatar",
      type: "POST",
      data: new FormData(this),
      processData: false,
      contentType: false,
      headers: tokenHeaders(),
      dataType: "json",
      success: function (data) {
        say(data);
        if ("0" == data.errno) $("#user-avatar").attr("src", data.data);
      },
    });
  });

  $("#form-name").submit(function (event) {
    event.preventDefault();
    postJson("/api/profile/name", formToJson(this), function (data) {
      say(data);
      if ("0" == data.errno) $("#user-name").html(data.data.name);
    });
  });
});
