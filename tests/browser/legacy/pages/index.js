$(function () {
  $.get("/api/check_login", function (data) {
    if ("0" == data.errno) {
      $(".user-name").html(data.data.name);
      $(".user-info").show();
    } else {
      $(".register-login").show();
    }
  }, "json");

  // The link is followed at once; nobody waits for the answer.
  $(".logout").click(function () {
    $.get("/api/logout");
  });
});
