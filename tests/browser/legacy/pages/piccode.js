// Family `piccode`: UUIDs as `pre` and `cur`, JSON posts to /api/phonecode and /api/signup, answers by `errno`.

function newCaptcha() {
  var previous = captchaId;
  captchaId = uuid();
  $("#captcha").attr("src", "/api/piccode?pre=" + previous + "&cur=" + captchaId);
}

function post(url, fields, done) {
  $.ajax({ url: url, type: "post", contentType: "application/json", dataType: "json", data: JSON.stringify(fields) })
    .done(function (data) {
      say(data.errno, data.errmsg);
      if (data.errno == "0") done(data.data);
      else if (data.errno == "4002" || data.errno == "4004") newCaptcha();
    });
}

function showProfile() {
  $.get("/api/profile", function (data) {
    if (data.errno == "4101") {
      showAccountForm();
      newCaptcha();
      return;
    }
    showUser(data.data.name);
    $("#user-mobile").html(data.data.mobile);
    if (data.data.avatar) $("#user-avatar").attr("src", data.data.avatar);
    $.get("/api/profile/auth", function (data) { showRecord(data.data); });
  });
}

function account() {
  return { mobile: $("#mobile").val(), password: $("#password").val(), phonecode: $("#phonecode").val() };
}

$(function () {
  $.get("/api/check_login", function (data) {
    if (data.errno == "0") showUser(data.data.name);
    showProfile();
  });
  $(".phonecode-a").click(function () {
    post("/api/phonecode", { mobile: $("#mobile").val(), piccode: $("#imagecode").val(), piccode_id: captchaId }, $.noop);
  });
  $(".register").click(function () { post("/api/signup", account(), showProfile); });
  $(".login").click(function () { post("/api/login", account(), showProfile); });
  $(".logout").click(function () { $.get("/api/logout", showProfile); });
  onSubmit("#form-avatar", function (form) {
    $.ajax({ url: "/api/profile/avatar", type: "post", data: new FormData(form), processData: false, contentType: false })
      .done(function (data) {
        say(data.errno, data.errmsg);
        if (data.errno == "0") $("#user-avatar").attr("src", data.data);
      });
  });
  onSubmit("#form-name", function () {
    post("/api/profile/name", { name: $("#name").val() }, function (data) { $(".user-name").html(data.name); });
  });
  onSubmit("#form-auth", function () {
    post("/api/profile/auth", { real_name: $("#real-name").val(), id_card: $("#id-card").val() }, showRecord);
  });
});
