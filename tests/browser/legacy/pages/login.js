$(function () {
  $(".form-login").submit(function (event) {
    event.preventDefault();
    postJson("/api/login", formToJson(this), function (data) {
      if ("0" == data.errno) location.href = "index.html";
      else $(".error-msg").text(data.errcode + " " + data.errmsg);
    });
  });
});
