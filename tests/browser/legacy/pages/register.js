var captchaId = "";
var previousCaptchaId = "";

function newCaptcha() {
  previousCaptchaId = captchaId;
  captchaId = String(new Date().getTime());
  $("#captcha").attr("src", "/api/imagecode?pcodeid=" + previousCaptchaId + "&codeid=" + captchaId);
}

function say(data) {
  $(".error-msg").text(data.errcode + " " + data.errmsg);
}

$(function () {
  newCaptcha();
  $("#captcha").click(newCaptcha);

  $(".phonecode-a").click(function () {
    var asked = {
      mobile: $("#mobile").val(),
      image_code_id: captchaId,
      image_code_text: $("#imagecode").val(),
    };
    postJson("/api/smscode", JSON.stringify(asked), function (data) {
      say(data);
      if ("0" == data.errno) $(".phonecode-a").text("60秒");
      else newCaptcha();
    });
  });

  $(".form-register").submit(function (event) {
    event.preventDefault();
    postJson("/api/register", formToJson(this), function (data) {
      if ("0" == data.errno) location.href = "index.html";
      else say(data);
    });
  });
});
